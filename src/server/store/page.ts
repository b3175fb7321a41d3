/** Part of a list, and where the next one begins. */
export type Page<Item> = { items: Item[]; cursor: string | undefined };
