/** Path of the browser; throws with a sentence that says what to do. */
export function findChromium(): string;
/** The command line that loads an unpacked extension from this directory. */
export function browserFlags(extension: string): string[];
