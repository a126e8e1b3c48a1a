// The fake engine's newsrooms. A bucket called "missing" is not there, so that the form's trouble can be looked at.
import type { KeyExample, NewsroomPreview, Profile, ProfileRow, SaveProfile } from '../../bindings';
import type { Answer } from '../index';
import { NAIROBI } from './scenes';

const line = (label: string, value: string, was: string | null = null) => ({ label, value, was });
const SHA = '9f2c4ee1b5d07a3368c1f20d94be7a51c3de0875f6a94b12e7d38c60a1f5e942';
const ADDED: NewsroomPreview = {
  name: NAIROBI.name,
  sha256: SHA,
  seen: SHA,
  change: 'new',
  lines: [
    line('Newsroom', 'Nairobi bureau'),
    line('Bureau', 'Nairobi'),
    line('Address', 'AWS'),
    line('Bucket', 'agency-footage'),
    line('Region', 'eu-west-1'),
    line('Signing in', 'Access keys, which each person enters; they stay in the keychain'),
    line('Transfer Acceleration', 'Yes'),
    line('CloudFront domain', 'd111111abcdef8.cloudfront.net'),
    line('CloudFront signer', 'The agency’s grant function'),
    line('Grant function', 'https://abc123.lambda-url.eu-west-1.on.aws'),
    line('Key template', '{bureau}/{date}/{slug}/{name}'),
    line('Time zone', 'Africa/Nairobi'),
  ],
  warnings: [
    {
      grave: false,
      text: 'It asks the function at https://abc123.lambda-url.eu-west-1.on.aws with your keys. Functions at AWS are of whoever made them.',
    },
  ],
  confirm: [],
};
const CHANGED: NewsroomPreview = {
  ...ADDED,
  change: 'places',
  lines: [
    line('Newsroom', 'Nairobi bureau'),
    line('Bureau', 'Nairobi'),
    line('Address', 'https://s3.agency-footage.example', 'AWS'),
    line('Bucket', 'agency-footage-eu', 'agency-footage'),
    line('Region', 'eu-west-1'),
    line('Signing in', 'Access keys, which each person enters; they stay in the keychain'),
    line('Transfer Acceleration', '', 'Yes'),
    line('Key template', '{bureau}/{date}/{slug}/{name}'),
    line('Time zone', 'Africa/Nairobi'),
  ],
  warnings: [
    {
      grave: true,
      text: 'This would send your existing keys for Nairobi bureau to another place: it changes Address and Bucket. If you trust it, Rushes forgets those keys and asks you to sign in anew.',
    },
    {
      grave: false,
      text: 'Not everything goes to AWS itself. Footage or signed requests go to https://s3.agency-footage.example.',
    },
  ],
};

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
  #withoutKeys = new Set<string>();

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
      needsKeys: this.#withoutKeys.has(profile.name),
    }));
  }

  save({ profile, keys }: SaveProfile): Answer<null> {
    if (profile.bucket === 'missing') {
      const message = 'There is no bucket “missing” in this region. Check its name and its region.';
      return { status: 'error', error: { code: 'noSuchBucket', message, detail: 'NoSuchBucket · request 5K7R2M' } };
    }
    this.#signedOut = false;
    if (keys) this.#withoutKeys.delete(profile.name);
    this.#profiles = [...this.#profiles.filter((other) => other.name !== profile.name), profile];
    this.version += 1;
    return ok;
  }

  /** Two keys as they might be, and trouble where the name is missing: enough to look at. */
  template(template: string, bureau: string): Answer<KeyExample[]> {
    if (!template.endsWith('{name}')) {
      const message = 'The key template must end with {name}, so that every clip has a key of its own.';
      return { status: 'error', error: { code: 'badInput', message, detail: '' } };
    }
    const key = (slug: string, name: string) =>
      template
        .replace('{bureau}', bureau)
        .replace('{slug}/', slug)
        .replace('{date}', '2026-11-22')
        .replace('{name}', name);
    return {
      status: 'ok',
      data: [
        { what: 'With slug', key: key('Market_fire/', 'MKR_fire_01.mxf') },
        { what: 'Slug left empty', key: key('', 'MKR_fire_01.mxf') },
      ],
    };
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

  /** A file is taken over: `preview` says by its name which. */
  accept(): Answer<null> {
    const before = this.#profiles.find((profile) => profile.name === NAIROBI.name) ?? NAIROBI;
    this.save({ profile: { ...before, bucket: 'agency-footage-eu' }, keys: null });
    this.#withoutKeys.add(before.name);
    this.#inUse ??= before.name;
    return ok;
  }

  preview(): Answer<NewsroomPreview> {
    const known = this.#profiles.some((profile) => profile.name === NAIROBI.name);
    return { status: 'ok', data: known ? CHANGED : ADDED };
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
