/** Text that somebody else wrote, without what shows nothing and could make it pass for other text. */

/** Emoji are made of several characters, with marks between them that show nothing of their own. */
const emoji =
  /\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?(?:\u200d\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?)*|[0-9#*]\ufe0f\u20e3/u;
/** U+FFF9 to U+FFFB mark annotations. */
const hidden = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\u2028\u2029\ufff9-\ufffb]/u;
const hiddenMarks = new RegExp(hidden, 'gu');
const emojiOrHidden = new RegExp(`(${emoji.source})|${hidden.source}`, 'gu');

/** Without marks that show nothing or change the direction of reading, but for those that make up an emoji. */
export const visible = (text: string): string => text.replace(emojiOrHidden, '$1');

/** Without any such mark: for comparing. */
export const withoutMarks = (text: string): string => text.replace(hiddenMarks, '');
