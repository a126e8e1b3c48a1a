// The support bundle while it is looked at. What is kept is what the shell made and showed; the page hands nothing back.
import { ask, type Trouble } from '../api';
import type { SupportFile } from '../bindings';
import { notices } from './notices.svelte';

export class SupportSheets {
  /** What the open sheet shows; null while none is open. */
  open = $state.raw<readonly SupportFile[] | null>(null);
  /** Why it was not kept. */
  trouble = $state.raw<Trouble | null>(null);

  async show() {
    this.trouble = null;
    const made = await notices.ask((commands) => commands.support());
    if (made) this.open = made.files;
  }

  close() {
    this.open = null;
  }

  async keep() {
    const answer = await ask((commands) => commands.keepSupport());
    if (answer.status === 'error') {
      this.trouble = answer.error;
    } else if (answer.data !== null) {
      this.close();
      notices.say('The support bundle is kept', answer.data);
    }
  }
}

export const supportSheets = new SupportSheets();
