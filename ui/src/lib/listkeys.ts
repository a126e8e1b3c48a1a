// The keys of a list, as every list and tree of the system has them. Tells what a key asks for; does none of it itself.

/** What a list does at its keys. */
export interface ListKeys {
  /** So many rows there are, and so many are a page. */
  rows: number;
  page: number;
  move(step: number, extend: boolean): void;
  all(): void;
  none(): void;
  menu(): void;
  /** Opens or closes the active row; whether there was one to open. */
  fold(shown: boolean): boolean;
  space(): void;
  remove(): void;
  enter(): void;
}

/** Does what the key asks for. `onRow`: it is the list that has the focus, and no button in it. Answers whether the key was
 *  one of the list's. */
export function listKey(event: KeyboardEvent, onRow: boolean, list: ListKeys): boolean {
  const command = event.ctrlKey || event.metaKey;
  const steps: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: list.page,
    PageUp: -list.page,
    Home: -list.rows,
    End: list.rows,
  };
  const step = steps[event.key];
  if (step !== undefined) list.move(step, event.shiftKey);
  else if (command && event.key.toLowerCase() === 'a') list.all();
  else if (event.key === 'Escape') list.none();
  else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) list.menu();
  else if (!onRow) return false;
  else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') return list.fold(event.key === 'ArrowRight');
  else if (event.key === ' ') list.space();
  else if (event.key === 'Delete' || event.key === 'Backspace') list.remove();
  else if (event.key === 'Enter') list.enter();
  else return false;
  return true;
}
