// Newsroom files that were opened: each is shown for itself, one after the other, and taken over when it is trusted. None is
// ever put in the place of another one under somebody's pointer.
import { ask, type Trouble } from '../api';
import type { NewsroomPreview } from '../bindings';
import { notices } from './notices.svelte';
import { profiles } from './profiles.svelte';

/** Whoever opens more at once means no good. */
const MOST = 8;

/** `preview` is null where the file is none that can be taken. */
export type OpenedFile = { preview: NewsroomPreview | null; trouble: Trouble | null };

export class NewsroomFiles {
  /** What is shown now. */
  open = $state.raw<OpenedFile | null>(null);
  trusting = $state(false);
  /** A newsroom that was just taken over: its keys are asked for next. */
  signIn = $state<string | null>(null);
  #line: string[] = [];

  async show(given: string) {
    if (this.#line.length >= MOST || this.#line.includes(given)) return;
    this.#line.push(given);
    if (this.#line.length === 1) await this.#next();
  }

  close() {
    this.#line.shift();
    this.open = null;
    void this.#next();
  }

  async trust(confirmed: string[]) {
    const [given, preview] = [this.#line[0], this.open?.preview];
    if (given === undefined || !preview || this.trusting) return;
    this.trusting = true;
    const answer = await ask((commands) => commands.acceptNewsroom({ given, seen: preview.seen, confirmed }));
    await profiles.load();
    this.trusting = false;
    if (answer.status === 'error') {
      // It may be another one by now: it is shown as it is.
      await this.#next(answer.error);
      return;
    }
    const row = profiles.rows?.find((one) => one.profile.name === preview.name);
    if (row?.needsKeys) this.signIn = preview.name;
    else if (preview.change === 'new') await profiles.use(preview.name);
    else notices.say(`${preview.name} is changed`, 'It is as its file says.');
    this.close();
  }

  async #next(trouble: Trouble | null = null) {
    const given = this.#line[0];
    if (given === undefined) return;
    const answer = await ask((commands) => commands.previewNewsroom(given));
    this.open = answer.status === 'ok' ? { preview: answer.data, trouble } : { preview: null, trouble: answer.error };
  }
}

export const newsroomFiles = new NewsroomFiles();
