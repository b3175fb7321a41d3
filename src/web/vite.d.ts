/** What Vite puts in the place of these names. */
interface ImportMeta {
  readonly env: { readonly PROD: boolean };
}

/** Style sheets are Vite's business. */
declare module '*.css';
