// What is known of the bucket's clips: the stretch of the list that was asked for so far, and the one being looked at.
// Loads while the view is open, page by page; whoever draws asks for `more`.
import { SvelteSet } from 'svelte/reactivity';

import { ask, type Trouble } from '../api';
import type { Clip, ClipDetails, FootagePage } from '../bindings';
import { midnightBefore, plural } from '../format';
import { notices } from './notices.svelte';
import { place } from './place.svelte';
import { profiles } from './profiles.svelte';
import { Selection } from './selection.svelte';

const PAGE = 200;
/** Typing and arrow keys come in bursts: what is asked follows the last of them. */
const PAUSE_MS = 150;

export type Look = { key: string; details: ClipDetails | null; trouble: Trouble | null };

export class Footage {
  text = $state('');
  today = $state(false);
  clips = $state.raw<readonly Clip[]>([]);
  /** The head of the newest answer; null before the first. */
  page = $state.raw<Omit<FootagePage, 'clips'> | null>(null);
  looking = $state(false);
  look = $state.raw<Look | null>(null);
  readonly selection = new Selection<string>();

  #open = false;
  #version = -1;
  /** The version that the clips here are of. */
  #loaded = -2;
  /** Counts the questions: an answer to an older one is dropped. */
  #asked = 0;
  #again = false;
  #more = false;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** The newest clip of the first look. What is newer is new until it is looked at. */
  #newest: number | null = null;
  #seen = new SvelteSet<string>();

  hear(version: number) {
    this.#version = version;
    if (this.#open && version !== this.#loaded) this.#refresh();
  }

  open() {
    this.#open = true;
    if (this.#loaded !== this.#version) this.#refresh();
  }

  close() {
    this.#open = false;
  }

  /** Another newsroom is in use: nothing of the one before stays. */
  forget() {
    this.#asked += 1;
    this.clips = [];
    this.page = null;
    this.look = null;
    this.text = '';
    this.#newest = null;
    this.#seen.clear();
    this.selection.keep(() => false);
    this.#loaded = -2;
    this.looking = false;
    if (this.#open) this.#refresh();
  }

  search(text: string) {
    this.text = text;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#load(PAGE), PAUSE_MS);
  }

  only(today: boolean) {
    this.today = today;
    void this.#load(PAGE);
  }

  async more() {
    const { page } = this;
    if (!page || this.#more || this.looking || this.clips.length >= page.matching) return;
    this.#more = true;
    const asked = this.#asked;
    const next = await this.#ask(this.clips.length);
    this.#more = false;
    if (next && asked === this.#asked) this.#show([...this.clips, ...next.clips], next);
  }

  /** Has the bucket listed now; what is found comes as an update. */
  async lookAgain() {
    await notices.ask((commands) => commands.lookAgain());
  }

  isNew(clip: Clip): boolean {
    return this.#newest !== null && clip.modified > this.#newest && !this.#seen.has(clip.key);
  }

  /** Looks at what the selection is on now. */
  selected() {
    for (const key of this.selection.ids) this.#seen.add(key);
    const key = this.selection.ids.size === 1 ? [...this.selection.ids][0]! : null;
    if (key === this.look?.key) return;
    this.look = key === null ? null : { key, details: null, trouble: null };
    clearTimeout(this.#lookPause);
    if (key !== null) this.#lookPause = setTimeout(() => void this.#details(key), PAUSE_MS);
  }
  #lookPause: ReturnType<typeof setTimeout> | undefined;

  chosen(): Clip[] {
    return this.clips.filter((clip) => this.selection.has(clip.key));
  }

  async download() {
    const keys = this.chosen().map((clip) => clip.key);
    if (keys.length === 0) return;
    const request = { profile: profiles.inUse?.name ?? null, keys, into: null };
    const added = await notices.ask((commands) => commands.fetchClips(request));
    if (added)
      notices.say(`${plural(keys.length, 'clip')} on the way down`, place.facts ? `Into ${place.facts.downloads}` : '');
  }

  async #details(key: string) {
    const answer = await ask((commands) => commands.clipDetails(key));
    if (this.look?.key !== key) return;
    this.look =
      answer.status === 'ok'
        ? { key, details: answer.data, trouble: null }
        : { key, details: null, trouble: answer.error };
  }

  #refresh() {
    // One listing after the other, however often the bucket changes.
    if (this.looking) this.#again = true;
    else void this.#load(Math.max(PAGE, this.clips.length));
  }

  async #load(wanted: number) {
    const asked = ++this.#asked;
    const version = this.#version;
    this.looking = true;
    this.#again = false;
    const clips: Clip[] = [];
    let page: FootagePage | undefined;
    do {
      page = await this.#ask(clips.length);
      if (asked !== this.#asked) return;
      clips.push(...(page?.clips ?? []));
    } while (page && page.clips.length > 0 && clips.length < Math.min(wanted, page.matching));
    this.looking = false;
    if (page) {
      this.#show(clips, page);
      this.#loaded = version;
    }
    if (this.#again) this.#refresh();
  }

  #ask(offset: number): Promise<FootagePage | undefined> {
    const since = this.today ? midnightBefore(Date.now()) : null;
    const query = { text: this.text.trim(), since, offset, limit: PAGE };
    return notices.ask((commands) => commands.footage(query));
  }

  #show(clips: Clip[], { clips: _, ...head }: FootagePage) {
    // The bucket may have changed between two pages: no clip stands twice.
    const keys = new Set<string>();
    this.clips = clips.filter((clip) => !keys.has(clip.key) && keys.add(clip.key));
    this.page = head;
    if (this.#newest === null && head.asOf !== null) this.#newest = this.clips[0]?.modified ?? 0;
    this.selection.keep((key) => keys.has(key));
  }
}

export const footage = new Footage();
