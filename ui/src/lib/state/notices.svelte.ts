// What the window has to say beside its lists: short notices that pass, and troubles that stay until they are read.
import { ask, type Answer, type Commands, type Trouble } from '../api';

const SHOWN_MS = 6000;
const AT_ONCE = 4;

export type Toast = { id: number; title: string; body: string };
export type Complaint = { id: number; trouble: Trouble };

export class Notices {
  toasts = $state.raw<readonly Toast[]>([]);
  complaints = $state.raw<readonly Complaint[]>([]);
  /** The engine cannot be opened; it is tried again. */
  stuck = $state.raw<Trouble | null>(null);
  #next = 1;

  say(title: string, body = '') {
    const id = this.#next++;
    this.toasts = [...this.toasts, { id, title, body }].slice(-AT_ONCE);
    setTimeout(() => this.hush(id), SHOWN_MS);
  }

  hush(id: number) {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  complain(trouble: Trouble) {
    // The same trouble once is enough.
    const others = this.complaints.filter((c) => c.trouble.message !== trouble.message);
    this.complaints = [...others, { id: this.#next++, trouble }];
  }

  dismiss(id: number) {
    this.complaints = this.complaints.filter((complaint) => complaint.id !== id);
  }

  /** Asks the engine, and complains where it refuses. */
  async ask<T>(call: (commands: Commands) => Promise<Answer<T>>): Promise<T | undefined> {
    const answer = await ask(call);
    if (answer.status === 'ok') return answer.data;
    this.complain(answer.error);
    return undefined;
  }
}

export const notices = new Notices();
