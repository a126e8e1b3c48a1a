// The limits as the engine keeps them, while they are looked at. What holds now comes with every update's totals.
import { ask, type Trouble } from '../api';
import type { LimitSettings, LimitsRow } from '../bindings';
import { notices } from './notices.svelte';

export class LimitSheets {
  /** What the open sheet shows; null while none is open. */
  open = $state.raw<LimitsRow | null>(null);

  async show() {
    this.open = (await notices.ask((commands) => commands.limits())) ?? null;
  }

  close() {
    this.open = null;
  }

  /** Answers with the trouble, where there is some; closes where there is none. */
  async save(settings: LimitSettings): Promise<Trouble | null> {
    const answer = await ask((commands) => commands.setLimits(settings));
    if (answer.status === 'error') return answer.error;
    this.close();
    return null;
  }
}

export const limitSheets = new LimitSheets();
