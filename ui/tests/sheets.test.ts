// The sheet a drop is asked on, the form for a newsroom, and the whole window around them.
import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';

import App from '../src/App.svelte';
import DropSheet from '../src/components/DropSheet.svelte';
import NewsroomForm from '../src/components/NewsroomForm.svelte';
import { hear } from '../src/lib/state/hear';
import { notices } from '../src/lib/state/notices.svelte';
import { profiles } from '../src/lib/state/profiles.svelte';
import { SignIn } from '../src/lib/state/signIn.svelte';
import type { Question } from '../src/lib/state/questions.svelte';
import { NAIROBI, no, ok, row, stub, update, type Stub } from './stub';

let engine: Stub;
beforeEach(() => {
  engine = stub();
  profiles.rows = null;
  notices.complaints = [];
});

const question: Question = {
  title: 'Send 2 files to Nairobi bureau',
  names: ['a.mxf', '<b>.mxf'],
  asks: ['slug', 'desk'],
  last: { slug: 'Market fire', desk: 'World' },
  yes: 'Send',
  hurry: { breaking: false, by: null },
  zone: 'Europe/Zurich',
};
const CALM = { breaking: false, by: null };

test('the sheet begins with the last answer selected; enter sends', async () => {
  const user = userEvent.setup();
  const onanswer = vi.fn();
  render(DropSheet, { question, onanswer });
  const slug = screen.getByTestId<HTMLInputElement>('drop-field-slug');
  await waitFor(() => expect(slug).toHaveFocus());
  expect(slug.value.slice(slug.selectionStart!, slug.selectionEnd!)).toBe('Market fire');
  expect(screen.queryByTestId('drop-field-story')).toBeNull();
  await user.keyboard('Harbour{Enter}');
  expect(onanswer).toHaveBeenCalledWith({ fields: { slug: 'Harbour', desk: 'World' }, hurry: CALM });
});

test('skip sends with nothing filled in, escape sends nothing', async () => {
  const user = userEvent.setup();
  const onanswer = vi.fn();
  render(DropSheet, { question, onanswer });
  await user.click(screen.getByTestId('drop-skip'));
  expect(onanswer).toHaveBeenLastCalledWith({ fields: {}, hurry: CALM });
  screen.getByTestId('drop-field-desk').focus();
  await user.keyboard('{Escape}');
  expect(onanswer).toHaveBeenLastCalledWith(null);
});

async function fill(user: ReturnType<typeof userEvent.setup>, given: Record<string, string>) {
  for (const [field, text] of Object.entries(given)) {
    await user.clear(screen.getByTestId(`form-${field}`));
    await user.type(screen.getByTestId(`form-${field}`), text.replace(/[{[]/g, '$&$&'));
  }
}

const oncheck = (template: string, bureau: string) => profiles.checkTemplate(template, bureau);
const value = (field: string) => screen.getByTestId<HTMLInputElement>(`form-${field}`).value;
const TYPED = {
  name: 'Lagos bureau',
  bureau: 'Lagos',
  bucket: 'agency-footage',
  region: 'eu-west-1',
  'access-key': 'AKIAEXAMPLE',
  'secret-key': 's3cret',
};

test('the form forgets the secret as it sends it, and keeps the rest when the bucket says no', async () => {
  const user = userEvent.setup();
  let answer: (trouble: unknown) => void = () => {};
  const onsave = vi.fn().mockImplementation(() => new Promise((done) => (answer = done)));
  render(NewsroomForm, { signIn: new SignIn(), taken: [], oncheck, onsave, oncancel: () => {} });
  await fill(user, TYPED);
  await user.click(screen.getByTestId('form-save'));
  expect(value('secret-key')).toBe('');
  expect(screen.getByTestId('form-save')).toBeDisabled();
  expect(onsave.mock.calls[0]![0]).toEqual({
    profile: { ...NAIROBI, name: 'Lagos bureau', bureau: 'Lagos', zone: null },
    keys: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 's3cret', sessionToken: null },
  });
  answer({ code: 'noSuchBucket', message: 'There is no such bucket. Check its name.', detail: 'NoSuchBucket' });
  expect(await screen.findByTestId('form-error')).toHaveTextContent('There is no such bucket. Check its name.');
  for (const [field, text] of Object.entries(TYPED)) expect(value(field)).toBe(field === 'secret-key' ? '' : text);
  expect(document.body.innerHTML).not.toContain('s3cret');
});

test('keys left empty stay as they are; half of them are asked for', async () => {
  const user = userEvent.setup();
  const onsave = vi.fn().mockResolvedValue(null);
  render(NewsroomForm, {
    signIn: new SignIn(),
    profile: NAIROBI,
    taken: [NAIROBI.name],
    oncheck,
    onsave,
    oncancel: () => {},
  });
  await fill(user, { region: 'eu-central-1' });
  await user.click(screen.getByTestId('form-save'));
  expect(onsave).toHaveBeenCalledWith({ profile: { ...NAIROBI, region: 'eu-central-1' }, keys: null });
  await fill(user, { 'access-key': 'AKIAEXAMPLE' });
  await user.click(screen.getByTestId('form-save'));
  expect(screen.getByTestId('form-error')).toHaveTextContent('Give both');
  expect(onsave).toHaveBeenCalledTimes(1);
});

test('what the form does not ask about stays as it was set up', async () => {
  const user = userEvent.setup();
  const onsave = vi.fn().mockResolvedValue(null);
  const routes = {
    dualStack: true,
    cloudfront: { domain: 'd1.cloudfront.net', signer: { by: 'nobody' as const } },
    replica: { bucket: 'agency-us', region: 'us-east-1', endpoint: null, takesUploads: true },
  };
  const profile = { ...NAIROBI, routes };
  render(NewsroomForm, { signIn: new SignIn(), profile, taken: [NAIROBI.name], oncheck, onsave, oncancel: () => {} });
  await fill(user, { bureau: 'Nakuru' });
  await user.click(screen.getByTestId('form-save'));
  expect(onsave).toHaveBeenCalledWith({ profile: { ...profile, bureau: 'Nakuru' }, keys: null });
});

test('a newsroom that nobody signed in to asks for its keys', async () => {
  const user = userEvent.setup();
  const onsave = vi.fn().mockResolvedValue(null);
  const given = {
    signIn: new SignIn(),
    profile: NAIROBI,
    needsKeys: true,
    taken: [NAIROBI.name],
    oncheck,
    onsave,
    oncancel: () => {},
  };
  render(NewsroomForm, given);
  await user.click(screen.getByTestId('form-save'));
  expect(screen.getByTestId('form-error')).toHaveTextContent('Give both');
  await fill(user, { 'access-key': 'AKIAEXAMPLE', 'secret-key': 's3cret' });
  await user.click(screen.getByTestId('form-save'));
  expect(onsave.mock.calls[0]![0].keys).toMatchObject({ accessKeyId: 'AKIAEXAMPLE' });
});

test('acceleration is for AWS only, and a name is given once', async () => {
  const user = userEvent.setup();
  const onsave = vi.fn().mockResolvedValue(null);
  render(NewsroomForm, { signIn: new SignIn(), taken: ['Lagos bureau'], oncheck, onsave, oncancel: () => {} });
  await user.click(screen.getByTestId('form-accelerate'));
  await fill(user, { ...TYPED, endpoint: 'https://s3.example.com' });
  expect(screen.getByTestId('form-accelerate')).toBeDisabled();
  await user.click(screen.getByTestId('form-save'));
  expect(screen.getByTestId('form-error')).toHaveTextContent('of this name already');
  await fill(user, { name: 'Lagos' });
  await user.click(screen.getByTestId('form-save'));
  expect(onsave.mock.calls[0]![0].profile).toMatchObject({ endpoint: 'https://s3.example.com', accelerate: false });
});

test('what a key template comes to stands beneath it as it is typed, and what is wrong with it', async () => {
  const user = userEvent.setup();
  engine.checkTemplate.mockImplementation(async (template: string, bureau: string) =>
    template.endsWith('{name}')
      ? ok([{ what: 'With slug', key: `${bureau}/<b>/clip.mxf` }])
      : no({ code: 'badInput', message: 'The key template must end with {name}.' }),
  );
  render(NewsroomForm, { signIn: new SignIn(), taken: [], oncheck, onsave: vi.fn(), oncancel: () => {} });
  await fill(user, { bureau: 'Lagos' });
  await waitFor(() =>
    expect(screen.getByTestId('form-template-examples')).toHaveTextContent('With slug Lagos/<b>/clip.mxf'),
  );
  expect(document.querySelector('dd b')).toBeNull();
  const asked = engine.checkTemplate.mock.calls.length;
  await fill(user, { template: '{bureau}/{name' });
  expect(await screen.findByTestId('form-template-error')).toHaveTextContent('must end with {name}.');
  expect(screen.getByTestId('form-template')).toHaveAttribute('aria-invalid', 'true');
  // A burst of keys is one question, or a few.
  expect(engine.checkTemplate.mock.calls.length - asked).toBeLessThan('{bureau}/{name'.length);
  await user.type(screen.getByTestId('form-template'), '}');
  await screen.findByTestId('form-template-examples');
  expect(engine.checkTemplate).toHaveBeenLastCalledWith('{bureau}/{name}', 'Lagos');
  expect(screen.queryByTestId('form-template-error')).toBeNull();
});

const begin = () =>
  hear({ told: 'update', update: update([row(1)], { whole: true, profiles: Date.now() + Math.random() }) });

test('the first run welcomes, and the practice newsroom leads to the transfers', async () => {
  engine.profiles.mockResolvedValueOnce(ok([]));
  render(App);
  begin();
  await screen.findByTestId('welcome');
  hear({ told: 'dropped', paths: ['/a.mxf'], at: null });
  expect(await screen.findByText(/will go as soon as a newsroom is chosen/)).toBeInTheDocument();
  await userEvent.click(screen.getByTestId('welcome-practice'));
  expect(engine.usePractice).toHaveBeenCalled();
  await screen.findByTestId('nav-transfers');
  await waitFor(() => expect(engine.addFiles).toHaveBeenCalledTimes(1));
});

test('the form on the first run ends at the transfers', async () => {
  const user = userEvent.setup();
  engine.profiles.mockResolvedValueOnce(ok([]));
  engine.saveProfile.mockResolvedValueOnce(no({ message: 'The store does not accept these keys. Check them.' }));
  engine.profiles.mockResolvedValueOnce(ok([]));
  render(App);
  begin();
  await user.click(await screen.findByTestId('welcome-connect'));
  await fill(user, TYPED);
  await user.click(screen.getByTestId('form-save'));
  expect(await screen.findByTestId('form-error')).toHaveTextContent('does not accept these keys');
  expect(value('bucket')).toBe('agency-footage');
  await fill(user, { 'secret-key': 's3cret' });
  await user.click(screen.getByTestId('form-save'));
  expect(await screen.findByTestId('totals')).toBeInTheDocument();
  expect(engine.useProfile).toHaveBeenCalledWith('Lagos bureau');
});

test('files are sent by shortcut, by drop, and asked about in between', async () => {
  const user = userEvent.setup();
  engine.pickFiles.mockResolvedValueOnce(ok(['/a.mxf']));
  render(App);
  begin();
  await screen.findByTestId('add-files');
  await user.keyboard('{Control>}o{/Control}');
  await waitFor(() => expect(engine.addFiles).toHaveBeenCalledTimes(1));
  expect(engine.pickFiles).toHaveBeenCalledWith(false);
  engine.dropAsks.mockResolvedValueOnce(ok({ asks: ['slug'], last: {} }));
  hear({ told: 'dragOver', at: { x: 10, y: 10 } });
  expect(await screen.findByTestId('drop-overlay')).toHaveTextContent('Drop to send to Nairobi bureau');
  hear({ told: 'dropped', paths: ['/b.mxf', '/c.mxf'], at: { x: 10, y: 10 } });
  await user.type(await screen.findByTestId('drop-field-slug'), 'Fire{Enter}');
  await waitFor(() => expect(engine.addFiles).toHaveBeenCalledTimes(2));
  expect(engine.addFiles.mock.calls[1]![0]).toMatchObject({ place: { by: 'template', fields: { slug: 'Fire' } } });
  expect(screen.queryByTestId('drop-overlay')).toBeNull();
});

test('being stuck is said across the window, with the cause; a notice is a toast', async () => {
  render(App);
  const error = { code: 'journalFailed' as const, message: 'The journal cannot be read.', detail: 'SQLite code 11' };
  hear({ told: 'stuck', error });
  expect(await screen.findByTestId('banner')).toHaveTextContent('The journal cannot be read.');
  expect(screen.getByTestId('cause')).toHaveTextContent('journalFailed · SQLite code 11');
  begin();
  await waitFor(() => expect(screen.queryByTestId('banner')).toBeNull());
  const notice = { id: 1, about: 'batchDone' as const, title: 'All is there', body: '<i>3 clips</i>' };
  hear({ told: 'update', update: update([], { notices: [notice] }) });
  expect(await screen.findByTestId('toast')).toHaveTextContent('<i>3 clips</i>');
});

test('newsrooms are changed and left from the switcher', async () => {
  const user = userEvent.setup();
  const lagos = { ...NAIROBI, name: 'Lagos bureau' };
  engine.profiles.mockResolvedValue(
    ok([
      { profile: NAIROBI, zone: 'Europe/Zurich', inUse: true, needsKeys: false },
      { profile: lagos, zone: 'Africa/Lagos', inUse: false, needsKeys: false },
    ]),
  );
  render(App);
  begin();
  await user.click(await screen.findByTestId('profile-switcher'));
  const options = screen.getAllByTestId('profile-option');
  expect(options.map((node) => node.getAttribute('aria-checked'))).toEqual(['true', 'false']);
  expect(options[0]).toHaveFocus();
  await user.keyboard('{ArrowDown}{Enter}');
  expect(engine.useProfile).toHaveBeenCalledWith('Lagos bureau');
  await user.click(screen.getByTestId('profile-switcher'));
  await user.click(screen.getByTestId('profile-remove'));
  expect(engine.removeProfile).not.toHaveBeenCalled();
  await user.click(screen.getByTestId('confirm-yes'));
  expect(engine.removeProfile).toHaveBeenCalledWith('Nairobi bureau');
});
