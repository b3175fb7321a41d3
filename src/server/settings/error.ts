/** A setting that can't be: the message begins with the name of what was used. */
export class ConfigError extends Error {}
