// The ways in to a newsroom, as a form has them and as the engine does. Pure.
import type { Trouble } from './api';
import type { Account, CredentialsFrom, DeviceSignIn } from './bindings';

/** A sign-in in the browser, as it is shown. Who carries it is `state/signIn`. */
export interface InBrowser {
  readonly begun: DeviceSignIn | null;
  /** Null until somebody has said yes in the browser. */
  readonly accounts: readonly Account[] | null;
  /** Null until an account is chosen. */
  readonly roles: readonly string[] | null;
  readonly trouble: Trouble | null;
  readonly busy: boolean;
  /** Signed in, and not saved with a newsroom yet. */
  readonly id: string | null;
  begin(startUrl: string, region: string): Promise<void>;
  choose(account: string): Promise<void>;
  openAgain(): void;
  giveUp(): void;
}

export type WayKind = 'keys' | 'center' | 'role' | 'profile' | 'computer';

export const WAYS: readonly { kind: WayKind; label: string; note: string }[] = [
  { kind: 'keys', label: 'Access keys', note: 'Kept in this computer’s keychain.' },
  { kind: 'center', label: 'IAM Identity Center', note: 'You sign in in the browser; no key is typed in.' },
  { kind: 'role', label: 'Access keys and a role', note: 'The role is assumed, and again before it runs out.' },
  {
    kind: 'profile',
    label: 'A profile of the AWS tools',
    note: 'Read from this computer whenever it is needed, never copied.',
  },
  {
    kind: 'computer',
    label: 'This computer’s own role',
    note: 'For ingest boxes that are containers or cloud instances.',
  },
];

/** What is typed for all of them: changing to another one loses nothing. */
export interface TypedWay {
  kind: WayKind;
  startUrl: string;
  centerRegion: string;
  account: string;
  role: string;
  arn: string;
  externalId: string;
  mfa: string;
  awsProfile: string;
}

const EMPTY: TypedWay = {
  kind: 'keys',
  startUrl: '',
  centerRegion: '',
  account: '',
  role: '',
  arn: '',
  externalId: '',
  mfa: '',
  awsProfile: '',
};

export function typedWay(from: CredentialsFrom | undefined): TypedWay {
  if (from === undefined || from === 'keychain' || from === 'lent') return { ...EMPTY };
  if (from === 'computer') return { ...EMPTY, kind: 'computer' };
  if ('identityCenter' in from && from.identityCenter) {
    const { startUrl, region, account = '', role = '' } = from.identityCenter;
    return { ...EMPTY, kind: 'center', startUrl, centerRegion: region, account, role };
  }
  if ('awsProfile' in from && from.awsProfile) return { ...EMPTY, kind: 'profile', awsProfile: from.awsProfile.name };
  if ('role' in from && from.role) {
    const { arn, externalId, mfa, by } = from.role;
    const typed = { ...EMPTY, arn, externalId: externalId ?? '', mfa: mfa ?? '' };
    return { ...typed, kind: by === 'computer' ? 'computer' : 'role' };
  }
  return { ...EMPTY };
}

export function wayIn(typed: TypedWay, region: string): CredentialsFrom {
  const role = (by: 'keys' | 'computer') => ({
    role: {
      arn: typed.arn.trim(),
      externalId: typed.externalId.trim() || null,
      mfa: by === 'keys' ? typed.mfa.trim() || null : null,
      by,
    },
  });
  switch (typed.kind) {
    case 'keys':
      return 'keychain';
    case 'center':
      return {
        identityCenter: {
          startUrl: typed.startUrl.trim(),
          region: typed.centerRegion.trim() || region.trim(),
          account: typed.account,
          role: typed.role,
        },
      };
    case 'role':
      return role('keys');
    case 'profile':
      return { awsProfile: { name: typed.awsProfile.trim() } };
    case 'computer':
      return typed.arn.trim() ? role('computer') : 'computer';
  }
}

/** Whether access keys are typed in for it. */
export const takesKeys = (typed: TypedWay) => typed.kind === 'keys' || typed.kind === 'role';
