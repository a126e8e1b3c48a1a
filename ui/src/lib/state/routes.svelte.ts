// The ways to the bucket while they are looked at: asked for again and again, since their figures move. Tests them when told.
import { ask, type Trouble } from '../api';
import type { RouteTest, WayRow } from '../bindings';
import { notices } from './notices.svelte';

const AGAIN_MS = 1000;
/** While a test runs, its progress is followed more closely. */
const TESTING_MS = 250;

export type RouteSheet = { ways: readonly WayRow[]; tests: readonly RouteTest[] };

export class RouteSheets {
  /** What the open sheet shows; null while none is open. */
  open = $state.raw<RouteSheet | null>(null);
  testing = $state(false);
  /** Why the last test did not come to its end. */
  trouble = $state.raw<Trouble | null>(null);
  /** Counts the openings: whoever follows an earlier one stops. */
  #opened = 0;

  async show() {
    const opened = ++this.#opened;
    this.trouble = null;
    const ways = await notices.ask((commands) => commands.routes());
    const tests = await notices.ask((commands) => commands.routeTests());
    if (!ways || !tests || opened !== this.#opened) return;
    this.open = { ways, tests };
    void this.#follow(opened);
  }

  close() {
    this.#opened += 1;
    this.open = null;
  }

  async test() {
    if (this.testing) return;
    const opened = this.#opened;
    this.testing = true;
    this.trouble = null;
    const answer = await ask((commands) => commands.testRoutes());
    this.testing = false;
    if (opened !== this.#opened || !this.open) return;
    if (answer.status === 'error') this.trouble = answer.error;
    else this.open = { ...this.open, tests: [answer.data, ...this.open.tests] };
  }

  async #follow(opened: number) {
    for (;;) {
      await new Promise((done) => setTimeout(done, this.testing ? TESTING_MS : AGAIN_MS));
      if (opened !== this.#opened) return;
      const answer = await ask((commands) => commands.routes());
      // Where it fails once, what was known stands.
      if (opened === this.#opened && this.open && answer.status === 'ok')
        this.open = { ...this.open, ways: answer.data };
    }
  }
}

export const routeSheets = new RouteSheets();
