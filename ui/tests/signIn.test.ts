// Ways in to a newsroom: what the form sends for each, the sign-in in the browser, and what is asked when it has run out.
import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';

import App from '../src/App.svelte';
import NewsroomForm from '../src/components/NewsroomForm.svelte';
import type { CredentialsFrom, Profile } from '../src/lib/bindings';
import { profiles } from '../src/lib/state/profiles.svelte';
import { SignIn } from '../src/lib/state/signIn.svelte';
import { typedWay, wayIn } from '../src/lib/waysIn';
import { NAIROBI, no, ok, stub, type Stub } from './stub';

let engine: Stub;
beforeEach(() => {
  engine = stub();
  profiles.rows = null;
  profiles.signingIn = null;
});

const oncheck = async () => ok([]);

const ROLE: CredentialsFrom = {
  role: { arn: 'arn:aws:iam::123456789012:role/reporter', externalId: 'x-7', mfa: null, by: 'keys' },
};
const CENTER: CredentialsFrom = {
  identityCenter: { startUrl: 'https://a.awsapps.com/start', region: 'eu-west-1', account: '111111111111', role: 'R' },
};

test('a way in comes out of the form as it went in', () => {
  for (const from of ['keychain', 'computer', CENTER, ROLE, { awsProfile: { name: 'desk' } }] as CredentialsFrom[]) {
    expect(wayIn(typedWay(from), 'us-east-1')).toEqual(from);
  }
});

function form(profile: Profile | null, onsave = vi.fn().mockResolvedValue(null)) {
  render(NewsroomForm, { profile, taken: [], signIn: new SignIn(), oncheck, onsave, oncancel: () => {} });
  return onsave;
}

test('in the browser: the code is shown, then account and role are chosen, and their sign-in goes with the newsroom', async () => {
  const user = userEvent.setup();
  let yes: (answer: unknown) => void = () => {};
  const begun = { id: 'abc', code: 'QWLK-RTMD', page: 'https://device.example', until: 1 };
  engine.beginSignIn.mockResolvedValue(ok(begun));
  engine.signInState.mockImplementation(() => new Promise((done) => (yes = done)));
  engine.signInRoles.mockResolvedValue(ok(['Editor', 'Reporter']));
  const onsave = form({ ...NAIROBI, credentials: 'keychain' });
  await user.selectOptions(screen.getByTestId('form-way'), 'center');
  await user.type(screen.getByTestId('form-start-url'), 'https://a.awsapps.com/start');
  await user.click(screen.getByTestId('form-save'));
  expect(screen.getByTestId('form-error')).toHaveTextContent('Sign in in the browser first');
  await user.click(screen.getByTestId('form-browser'));
  expect(await screen.findByTestId('sign-in-code')).toHaveTextContent('QWLK-RTMD');
  expect(engine.beginSignIn).toHaveBeenCalledWith({ startUrl: 'https://a.awsapps.com/start', region: 'eu-west-1' });
  yes(ok({ state: 'signedIn', accounts: [{ id: '111111111111', name: 'Newsroom' }] }));
  await waitFor(() => expect(screen.getByTestId('form-role')).toBeEnabled());
  await user.selectOptions(screen.getByTestId('form-role'), 'Reporter');
  await user.click(screen.getByTestId('form-save'));
  const { profile, keys, signIn } = onsave.mock.calls[0]![0];
  expect(profile.credentials.identityCenter).toMatchObject({ account: '111111111111', role: 'Reporter' });
  expect([keys, signIn]).toEqual([null, 'abc']);
});

test('a refusal in the browser is said, and nothing is left waiting', async () => {
  const user = userEvent.setup();
  engine.beginSignIn.mockResolvedValue(ok({ id: 'abc', code: 'C', page: 'https://p', until: 1 }));
  engine.signInState.mockResolvedValue(no({ code: 'signInNeeded', message: 'The sign-in was refused. Begin again.' }));
  form({ ...NAIROBI, credentials: CENTER });
  await user.click(screen.getByTestId('form-browser'));
  expect(await screen.findByText('The sign-in was refused. Begin again.')).toBeVisible();
  expect(screen.queryByTestId('sign-in-waiting')).toBeNull();
});

test('what IT has set up beside the plain way stays when a newsroom is edited', async () => {
  const user = userEvent.setup();
  const routes = { dualStack: true, cloudfront: { domain: 'd1.cloudfront.net', signer: { by: 'nobody' as const } } };
  const onsave = form({ ...NAIROBI, routes });
  await user.click(screen.getByTestId('form-save'));
  expect(onsave.mock.calls[0]![0].profile.routes).toEqual(routes);
});

test('a keychain that cannot be used leaves a way on', async () => {
  const user = userEvent.setup();
  const locked = { code: 'keychainUnavailable', message: 'The keychain is locked.', detail: '' };
  const onsave = form(NAIROBI, vi.fn().mockResolvedValueOnce(locked).mockResolvedValue(null));
  await user.type(screen.getByTestId('form-access-key'), 'AKIAEXAMPLE');
  await user.type(screen.getByTestId('form-secret-key'), 's3cret');
  expect(screen.queryByTestId('form-in-memory')).toBeNull();
  await user.click(screen.getByTestId('form-save'));
  await user.click(await screen.findByTestId('form-in-memory'));
  await user.type(screen.getByTestId('form-secret-key'), 's3cret');
  await user.click(screen.getByTestId('form-save'));
  expect(onsave.mock.calls[1]![0].inMemory).toBe(true);
});

const row = (credentials: CredentialsFrom, code: 'signInNeeded' | 'offline') => ({
  profile: { ...NAIROBI, credentials },
  zone: 'Europe/Zurich',
  inUse: true,
  trouble: { code, message: 'The code of your MFA device is needed.', detail: '' },
});

test('where only signing in helps it is asked for across the window; a code is all that a device needs', async () => {
  const user = userEvent.setup();
  const mfa: CredentialsFrom = { role: { arn: 'arn:aws:iam::123456789012:role/r', mfa: 'device-01', by: 'keys' } };
  engine.profiles.mockResolvedValue(ok([row(mfa, 'signInNeeded')]));
  engine.giveCode.mockResolvedValueOnce(no({ message: 'AWS does not take that code.' }));
  render(App);
  await profiles.load();
  await user.click(await screen.findByTestId('sign-in'));
  await user.type(screen.getByTestId('code'), '000000{Enter}');
  expect(await screen.findByText('AWS does not take that code.')).toBeVisible();
  engine.profiles.mockResolvedValue(ok([{ ...row(mfa, 'signInNeeded'), trouble: null }]));
  await user.type(screen.getByTestId('code'), '123456{Enter}');
  await waitFor(() => expect(screen.queryByTestId('code-dialog')).toBeNull());
  expect(engine.giveCode.mock.calls).toEqual([
    [NAIROBI.name, '000000'],
    [NAIROBI.name, '123456'],
  ]);
  expect(screen.queryByTestId('sign-in')).toBeNull();
});

test('a network that is gone is nothing to sign in for', async () => {
  engine.profiles.mockResolvedValue(ok([row('keychain', 'offline')]));
  render(App);
  await profiles.load();
  expect(screen.queryByTestId('sign-in')).toBeNull();
});

test('a new name goes with the newsroom; signing out is asked about first', async () => {
  const user = userEvent.setup();
  render(App);
  await profiles.load();
  await user.click(await screen.findByTestId('profile-switcher'));
  await user.click(screen.getByTestId('profile-edit'));
  await user.clear(screen.getByTestId('form-name'));
  await user.type(screen.getByTestId('form-name'), 'Nairobi');
  await user.click(screen.getByTestId('form-save'));
  await waitFor(() => expect(engine.saveProfile).toHaveBeenCalled());
  expect(engine.renameProfile).toHaveBeenCalledWith(NAIROBI.name, 'Nairobi');
  await user.click(screen.getByTestId('profile-switcher'));
  await user.click(screen.getByTestId('profile-sign-out'));
  expect(engine.signOut).not.toHaveBeenCalled();
  await user.click(screen.getByTestId('confirm-yes'));
  expect(engine.signOut).toHaveBeenCalledWith(NAIROBI.name);
});
