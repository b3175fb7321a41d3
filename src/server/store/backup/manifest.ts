/** The first line of a backup: what it is, of what, and how much. */
import { z } from 'zod';

const formatName = 'papo backup';
const formatVersion = 1;

const Header = z.object({ format: z.literal(formatName), formatVersion: z.int(), papo: z.string() });

const Manifest = Header.extend({
  takenAt: z.iso.datetime(),
  /** The history it was taken of: what `hello` called `log`. */
  log: z.string(),
  /** Those that had made its schema, in order. */
  migrations: z.array(z.string()).min(1),
  /** In the order in which their rows follow. */
  tables: z.array(z.object({ name: z.string(), rows: z.int().nonnegative() })),
});
export type Manifest = z.infer<typeof Manifest>;

export function makeManifest(content: Omit<Manifest, 'format' | 'formatVersion'>): Manifest {
  return { format: formatName, formatVersion, ...content };
}

/** @returns undefined when the line is something else. @throws when it comes from a papo newer than this one. */
export function parseManifest(line: string): Manifest | undefined {
  const parsed = parseJson(line);
  const header = Header.safeParse(parsed);
  if (!header.success) return undefined;
  if (header.data.formatVersion > formatVersion) {
    throw new Error(`The backup was made by a newer papo (${header.data.papo}): restore it with that one.`);
  }
  return Manifest.safeParse(parsed).data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
