// Files on their way into the window: dragged over it, dropped, picked; then asked about, and handed to the engine.
import type { Spot } from '../bindings';
import { isBreakingSpot } from '../dropspots';
import { lastSegment, plural } from '../format';
import { notices } from './notices.svelte';
import { place } from './place.svelte';
import { profiles } from './profiles.svelte';
import { isAsked, questions } from './questions.svelte';
import { watching } from './watching.svelte';

/** `folders`: whether they are folders, where that is known. */
type Drop = { paths: string[]; folders: boolean | null; breaking: boolean };

export class Drops {
  /** Where files are being dragged over the window. */
  over = $state.raw<Spot | null>(null);
  /** Dropped before there was a newsroom to send to; they go as soon as there is one. */
  held = $state.raw<readonly Drop[]>([]);
  #line: Promise<void> = Promise.resolve();

  async pick(folders: boolean) {
    const paths = await notices.ask((commands) => commands.pickFiles(folders));
    if (paths && paths.length > 0) await this.drop(paths, folders);
  }

  /** Dropped onto the window; what the spot means is decided here. */
  dropAt(paths: string[], spot: Spot | null): Promise<void> {
    const low = isBreakingSpot(spot, window.innerHeight);
    if (!this.watches || spot === null) return this.drop(paths, null, low);
    if (low) return this.drop(paths);
    this.over = null;
    watching.add(paths);
    return Promise.resolve();
  }

  /** Where watch folders are shown, what is dropped is to be watched; only the lower field sends it. */
  get watches(): boolean {
    return place.view === 'watch' && profiles.inUse !== null;
  }

  drop(paths: string[], folders: boolean | null = null, breaking = false): Promise<void> {
    this.over = null;
    if (paths.length === 0) return Promise.resolve();
    if (!profiles.inUse) {
      this.held = [...this.held, { paths, folders, breaking }];
      if (!profiles.none) notices.say('Choose a newsroom first', 'What you dropped goes as soon as one is chosen.');
      return Promise.resolve();
    }
    // One after the other: the answers of the first are the suggestions of the next.
    this.#line = this.#line.then(() => this.#send({ paths, folders, breaking }));
    return this.#line;
  }

  /** There is a newsroom now. */
  async release() {
    const held = this.held;
    this.held = [];
    for (const { paths, folders, breaking } of held) await this.drop(paths, folders, breaking);
  }

  async #send(drop: Drop) {
    const profile = profiles.inUse;
    const asked = await notices.ask((commands) => commands.dropAsks());
    if (!profile || !asked) return;
    const asks = asked.asks.filter(isAsked);
    const question = {
      title: `Send ${countOf(drop)} to ${profile.name}`,
      names: drop.paths.map(lastSegment),
      asks,
      last: asked.last,
      yes: 'Send',
      hurry: { breaking: drop.breaking, by: null },
      zone: profiles.zone,
    };
    const answer = asks.length === 0 ? { fields: {}, hurry: question.hurry } : await questions.ask(question);
    if (answer === null) return;
    const { fields, hurry } = answer;
    const request = { profile: profile.name, paths: drop.paths, place: { by: 'template' as const, fields }, hurry };
    const added = await notices.ask((commands) => commands.addFiles(request));
    if (!added) return;
    place.go('transfers');
    if (added.leftOut > 0) {
      const were = added.leftOut === 1 ? 'was' : 'were';
      notices.say(`${plural(added.leftOut, 'file')} ${were} left out`, 'System litter such as .DS_Store stays here.');
    } else if (added.transfers.length === 0) {
      notices.say('There is nothing to send', 'The folder holds no files.');
    }
  }
}

function countOf({ paths, folders }: Drop): string {
  if (folders === true) return plural(paths.length, 'folder');
  // What was dropped may be folders as well; its path does not tell.
  if (folders === null && paths.length === 1) return 'what you dropped';
  return plural(
    paths.length,
    folders === null ? 'file or folder' : 'file',
    folders === null ? 'files or folders' : 'files',
  );
}

export const drops = new Drops();
