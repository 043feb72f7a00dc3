/** Path of the browser; throws with a sentence that says what to do. */
export function findFirefox(): string;
