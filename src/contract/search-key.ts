/** Accents and the like, once they stand by themselves. */
const combiningMarks = /[\u0300-\u036f]/g;

/**
 * A name as it is searched for: "João" and "JOAO" are the same, and so are letters of another width. The server keeps it
 * beside the name, and doesn't leave it to PostgreSQL, whose databases don't all know more than ASCII: whoever changes this
 * makes all keys anew, by a migration.
 */
export function searchKey(name: string): string {
  return name.normalize('NFKD').toLowerCase().replaceAll(combiningMarks, '').normalize('NFC');
}
