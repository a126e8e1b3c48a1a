// The watch folders, as the engine last told them, and what is asked of them: added, changed, stopped, started, removed.
import { ask, type Trouble } from '../api';
import type { WatchFolder, WatchRow } from '../bindings';
import { lastSegment } from '../format';
import { newFolder } from '../watchform';
import { folderNeedsYou } from '../watchwords';
import { notices } from './notices.svelte';
import { profiles } from './profiles.svelte';

export class Watching {
  rows = $state.raw<readonly WatchRow[]>([]);
  /** Folders that are to be filled in or changed, one after the other. */
  #line = $state.raw<readonly WatchFolder[]>([]);

  /** The folder whose form is open. */
  get open(): WatchFolder | null {
    return this.#line[0] ?? null;
  }

  get watched(): number {
    return this.rows.filter((row) => !row.folder.stopped).length;
  }

  get needsYou(): number {
    return this.rows.filter(folderNeedsYou).length;
  }

  hear(rows: readonly WatchRow[]) {
    this.rows = rows;
  }

  async choose() {
    this.add((await notices.ask((commands) => commands.pickFiles(true))) ?? []);
  }

  /** Chosen or dropped. One that is on the list already is opened to be changed. */
  add(paths: readonly string[]) {
    const profile = profiles.inUse;
    if (!profile) return;
    for (const path of paths) {
      const known = this.rows.find((row) => row.folder.path === path)?.folder;
      if (!this.#line.some((folder) => folder.path === path)) this.change(known ?? newFolder(path, profile.name));
    }
  }

  change(folder: WatchFolder) {
    this.#line = [...this.#line, folder];
  }

  close() {
    this.#line = this.#line.slice(1);
  }

  /** Another place for the folder of the open form; null where the user thought better of it. */
  async pick(): Promise<string | null> {
    const [path] = (await notices.ask((commands) => commands.pickFiles(true))) ?? [];
    return path ?? null;
  }

  /** Keeps what the open form says. Answers with the trouble, where there is some; closes it where there is none. */
  async save(folder: WatchFolder): Promise<Trouble | null> {
    const answer = await ask((commands) => commands.saveWatchFolder(folder));
    if (answer.status === 'error') return answer.error;
    this.close();
    const name = lastSegment(folder.path);
    if (folder.id !== 0) notices.say(`${name} is changed`);
    else notices.say(`${name} is watched`, 'What is in it now goes up as well, once it is whole.');
    return null;
  }

  async stop(folder: WatchFolder, stopped: boolean) {
    const answer = await notices.ask((commands) => commands.saveWatchFolder({ ...folder, stopped }));
    if (answer === undefined) return;
    const name = lastSegment(folder.path);
    if (stopped) notices.say(`${name} is not watched now`, 'New files stay there until you start it again.');
    else notices.say(`${name} is watched again`, 'What came meanwhile goes up as well.');
  }

  /** Answers with whether it is gone. */
  async remove(folder: WatchFolder): Promise<boolean> {
    const answer = await notices.ask((commands) => commands.removeWatchFolder(folder.id));
    if (answer === undefined) return false;
    notices.say(`${lastSegment(folder.path)} is off the list`);
    return true;
  }
}

export const watching = new Watching();
