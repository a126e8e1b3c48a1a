// The fake engine's newsrooms. A bucket called "missing" is not there, so that the form's trouble can be looked at.
import type { Profile, ProfileRow, SaveProfile } from '../../bindings';
import type { Answer } from '../index';

const ok: Answer<null> = { status: 'ok', data: null };

const SIGNED_OUT = {
  code: 'signInNeeded' as const,
  message: 'You are not signed in to Nairobi bureau. Sign in; it goes on by itself then.',
  detail: '',
};

export class Newsrooms {
  version = 1;
  #signedOut = false;
  #profiles: Profile[];
  #inUse: string | null;

  constructor(profiles: Profile[]) {
    this.#profiles = profiles;
    this.#inUse = profiles[0]?.name ?? null;
  }

  list(): ProfileRow[] {
    return this.#profiles.map((profile) => ({
      profile,
      zone: profile.zone ?? 'Africa/Nairobi',
      inUse: profile.name === this.#inUse,
      trouble: this.#signedOut && profile.name === this.#inUse ? SIGNED_OUT : null,
    }));
  }

  save({ profile }: SaveProfile): Answer<null> {
    if (profile.bucket === 'missing') {
      const message = 'There is no bucket “missing” in this region. Check its name and its region.';
      return { status: 'error', error: { code: 'noSuchBucket', message, detail: 'NoSuchBucket · request 5K7R2M' } };
    }
    this.#signedOut = false;
    this.#profiles = [...this.#profiles.filter((other) => other.name !== profile.name), profile];
    this.version += 1;
    return ok;
  }

  use(name: string): Answer<null> {
    this.#inUse = name;
    this.version += 1;
    return ok;
  }

  rename(from: string, to: string): Answer<null> {
    this.#profiles = this.#profiles.map((profile) => (profile.name === from ? { ...profile, name: to } : profile));
    if (this.#inUse === from) this.#inUse = to;
    this.version += 1;
    return ok;
  }

  signOut(): Answer<null> {
    this.#signedOut = true;
    this.version += 1;
    return ok;
  }

  signIn(): Answer<null> {
    this.#signedOut = false;
    this.version += 1;
    return ok;
  }

  remove(name: string): Answer<null> {
    this.#profiles = this.#profiles.filter((profile) => profile.name !== name);
    if (this.#inUse === name) this.#inUse = this.#profiles[0]?.name ?? null;
    this.version += 1;
    return ok;
  }

  practice(): Answer<null> {
    const name = 'Practice newsroom';
    const profile: Profile = {
      name,
      bureau: 'Practice',
      bucket: 'practice-footage',
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:9000',
      accelerate: false,
      keyTemplate: '{bureau}/{date}/{slug}/{name}',
      credentials: 'keychain',
    };
    this.save({ profile, keys: null });
    return this.use(name);
  }
}
