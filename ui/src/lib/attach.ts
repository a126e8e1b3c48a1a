// Small things that elements do: taking the focus, closing when the pointer goes elsewhere. Attachments, no state.

/** Takes the focus as soon as it is there; the text of a field is selected, to be typed over. */
export function takesFocus(node: HTMLElement) {
  // After a dialog around it has opened, which takes the focus itself.
  queueMicrotask(() => {
    node.focus();
    if (node instanceof HTMLInputElement) node.select();
  });
}

/** Calls `away` when the pointer is pressed anywhere else. */
export function pressedElsewhere(away: () => void) {
  return (node: HTMLElement) => {
    const pressed = (event: PointerEvent) => {
      if (!node.contains(event.target as Node)) away();
    };
    document.addEventListener('pointerdown', pressed, true);
    return () => document.removeEventListener('pointerdown', pressed, true);
  };
}
