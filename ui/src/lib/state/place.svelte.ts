// Where the user is in the window, and on what computer.
import { about } from '../api';
import type { AppFacts } from '../bindings';

export type View = 'transfers' | 'footage' | 'watch';

class Place {
  view = $state<View>('transfers');
  facts = $state.raw<AppFacts | null>(null);

  get mac(): boolean {
    return this.facts?.system === 'macos';
  }

  /** The key that goes with letters for a shortcut, as this system writes it. */
  get shortcutKey(): string {
    return this.mac ? '⌘' : 'Ctrl';
  }

  go(view: View) {
    this.view = view;
  }

  async load() {
    this.facts = await about().catch(() => null);
  }
}

export const place = new Place();
