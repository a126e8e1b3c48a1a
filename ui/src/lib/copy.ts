// Puts text on the clipboard. Nothing else.

/** Answers whether it worked. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Some webviews keep the clipboard to themselves unless something was selected and copied.
    const field = document.createElement('textarea');
    field.value = text;
    field.style.position = 'fixed';
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    const worked = document.execCommand?.('copy') ?? false;
    field.remove();
    return worked;
  }
}
