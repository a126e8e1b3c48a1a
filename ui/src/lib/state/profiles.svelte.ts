// The newsrooms that this computer is connected to. Secrets pass through on their way in and are not kept.
import { ask, type Answer, type Trouble } from '../api';
import type { KeyExample, Profile, ProfileRow, SaveProfile } from '../bindings';
import { notices } from './notices.svelte';

/** The name under which the shell keeps the embedded newsroom. */
export const PRACTICE = 'Practice newsroom';

const SIGN_IN_HELPS = new Set<Trouble['code']>([
  'noCredentials',
  'wrongCredentials',
  'keysRanOut',
  'signInNeeded',
  'keychainUnavailable',
]);

export class Profiles {
  /** Null until they are known. */
  rows = $state.raw<readonly ProfileRow[] | null>(null);
  /** Somebody wants to sign in to it (again). */
  signingIn = $state.raw<Profile | null>(null);
  #version = -1;
  #asked = 0;
  #latest: Promise<void> = Promise.resolve();

  get inUse(): Profile | null {
    return this.rows?.find((row) => row.inUse)?.profile ?? null;
  }

  /** The time zone that deadlines and limits are meant in. */
  get zone(): string {
    return this.rows?.find((row) => row.inUse)?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** The newsroom in use, where only somebody who signs in can help. */
  get needsSignIn(): { profile: Profile; trouble: Trouble } | null {
    const row = this.rows?.find(({ inUse }) => inUse);
    return row?.trouble && SIGN_IN_HELPS.has(row.trouble.code) ? { profile: row.profile, trouble: row.trouble } : null;
  }

  askToSignIn(profile: Profile) {
    this.signingIn = profile;
  }

  /** No newsroom is set up yet. */
  get none(): boolean {
    return this.rows?.length === 0;
  }

  /** Told how often they changed: asks again where that is more than it knows. */
  async hear(version: number) {
    if (version === this.#version) return;
    this.#version = version;
    await this.load();
  }

  load(): Promise<void> {
    const asked = ++this.#asked;
    this.#latest = notices
      .ask((commands) => commands.profiles())
      .then((rows) => {
        // Asked again meanwhile, the newer answer counts, and whoever waits for this one waits for that.
        if (asked !== this.#asked) return this.#latest;
        if (rows) this.rows = rows;
      });
    return this.#latest;
  }

  async use(name: string) {
    if (name === PRACTICE) return this.practice();
    await notices.ask((commands) => commands.useProfile(name));
    await this.load();
  }

  /** Answers with the trouble, where there is some. */
  async practice(): Promise<Trouble | null> {
    const answer = await ask((commands) => commands.usePractice());
    if (answer.status === 'error') {
      notices.complain(answer.error);
      return answer.error;
    }
    await this.load();
    return null;
  }

  /** Keeps a newsroom and makes it the one in use. Answers with the trouble, where there is some. */
  async save(request: SaveProfile): Promise<Trouble | null> {
    let answer = await ask((commands) => commands.saveProfile(request));
    if (answer.status === 'ok') answer = await ask((commands) => commands.useProfile(request.profile.name.trim()));
    await this.load();
    return answer.status === 'error' ? answer.error : null;
  }

  /** A newsroom's new name, before what else changed is saved. Answers with the trouble, where there is some. */
  async rename(from: string, to: string): Promise<Trouble | null> {
    const answer = await ask((commands) => commands.renameProfile(from, to));
    await this.load();
    return answer.status === 'error' ? answer.error : null;
  }

  /** The code of an MFA device. Answers with the trouble, where there is some. */
  async giveCode(name: string, code: string): Promise<Trouble | null> {
    const answer = await ask((commands) => commands.giveCode(name, code));
    await this.load();
    return answer.status === 'error' ? answer.error : null;
  }

  async signOut(name: string) {
    await notices.ask((commands) => commands.signOut(name));
    await this.load();
  }

  /** What a key template comes to, or why it cannot be one: the engine's own answer. */
  checkTemplate(template: string, bureau: string): Promise<Answer<KeyExample[]>> {
    return ask((commands) => commands.checkTemplate(template, bureau));
  }

  async remove(name: string) {
    await notices.ask((commands) => commands.removeProfile(name));
    await this.load();
  }
}

export const profiles = new Profiles();
