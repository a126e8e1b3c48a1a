// The fake engine's newsrooms. A bucket called "missing" is not there, so that the form's trouble can be looked at.
import type { Profile, ProfileRow, SaveProfile } from '../../bindings';
import type { Answer } from '../index';

const ok: Answer<null> = { status: 'ok', data: null };

export class Newsrooms {
  version = 1;
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
    }));
  }

  save({ profile }: SaveProfile): Answer<null> {
    if (profile.bucket === 'missing') {
      const message = 'There is no bucket “missing” in this region. Check its name and its region.';
      return { status: 'error', error: { code: 'noSuchBucket', message, detail: 'NoSuchBucket · request 5K7R2M' } };
    }
    this.#profiles = [...this.#profiles.filter((other) => other.name !== profile.name), profile];
    this.version += 1;
    return ok;
  }

  use(name: string): Answer<null> {
    this.#inUse = name;
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
