// A scripted engine of the same interface, for work on the design in a plain browser: `npm run dev`, then
// http://localhost:1420/?scene=busy (or empty, first, many, stuck, drag, drop,
// newsroom). Never part of what ships.
import type { AppFacts, DropAsks, LimitSettings, Told } from '../bindings';
import { Bucket } from './fake/bucket';
import { Floor } from './fake/floor';
import { Folders } from './fake/folders';
import { Newsrooms } from './fake/newsrooms';
import { Routes } from './fake/routes';
import { busyRows, manyRows, newRow, NAIROBI } from './fake/scenes';
import type { Answer, Api, Commands } from './index';

const TICK_MS = 200;
const UPLINKS = [
  { name: 'eth0', label: 'Ethernet (eth0)' },
  { name: 'wwan0', label: 'Mobile (wwan0)' },
];

const ok = <T>(data: T): Answer<T> => ({ status: 'ok', data });
const later = <T>(answer: Answer<T>, ms = 60) => new Promise<Answer<T>>((done) => setTimeout(() => done(answer), ms));

export function fake(): Api {
  const scene = new URLSearchParams(location.search).get('scene') ?? 'busy';
  let hear: (told: Told) => void = () => {};
  let seq = 1;
  let limits: LimitSettings = { plan: { always: { up: 20 * 125_000, down: null }, schedule: [] }, uplinks: {} };
  let last = { slug: 'Market fire' };
  const newsrooms = new Newsrooms(scene.startsWith('first') ? [] : [NAIROBI]);
  const floor = new Floor(scene === 'many' ? manyRows(10_000) : scene === 'busy' ? busyRows() : []);
  const folders = new Folders(scene === 'busy' || scene === 'many');
  const routes = new Routes(floor);
  const bucket = new Bucket(scene === 'empty' || scene.startsWith('first') ? 0 : 48_212);

  function tell(whole = false, notices: { title: string; body: string }[] = []) {
    const { rows, gone } = floor.changed(whole);
    seq += 1;
    const told = notices.map((notice, i) => ({ id: seq * 10 + i, about: 'batchDone' as const, ...notice }));
    hear({
      told: 'update',
      update: {
        seq,
        whole,
        rows,
        gone,
        totals: floor.totals(),
        lanes: floor.lanes(),
        watching: folders.rows,
        footage: bucket.version,
        profiles: newsrooms.version,
        notices: told,
      },
    });
  }

  async function changed<T>(answer: Answer<T>): Promise<Answer<T>> {
    await later(answer);
    tell();
    return answer;
  }

  const commands: Commands = {
    addFiles: async ({ paths, place, hurry }) => {
      const fields = place.by === 'template' ? place.fields : {};
      if (fields.slug) last = { slug: fields.slug };
      const ids = paths.map((path) => floor.add(newRow(path, fields.slug ?? '')));
      floor.hurry(ids, { breaking: hurry?.breaking ?? false });
      return changed(ok({ batch: 1, transfers: ids, leftOut: paths.some((path) => path.includes('CARD')) ? 2 : 0 }));
    },
    fetchClips: async ({ keys }) =>
      changed(ok({ batch: 2, transfers: keys.map((key) => floor.fetch(bucket.find(key))), leftOut: 0 })),
    act: async (action, ids) => {
      floor.act(action, ids);
      return changed(ok(null));
    },
    setBreaking: async (ids, breaking) => {
      floor.hurry(ids, { breaking });
      return changed(ok(null));
    },
    setDeadline: async (ids, by) => {
      const at = Date.now() + 1_800_000;
      floor.hurry(ids, { due: by === null ? null : { at, zone: 'Africa/Nairobi', verdict: { is: 'unknown' } } });
      return changed(ok(null));
    },
    openPortal: async () => later(ok(null)),
    limits: async () => later(ok({ settings: limits, now: floor.limit, zone: 'Africa/Nairobi', uplinks: UPLINKS })),
    setLimits: async (settings) => {
      limits = settings;
      floor.limit = { limits: settings.plan.always, until: null };
      return changed(ok(null));
    },
    routes: async () => later(ok(routes.ways())),
    testRoutes: async () => later(await routes.test(), 100),
    routeTests: async () => later(ok(routes.tests)),
    dropAsks: async () => later(ok<DropAsks>({ asks: ['slug'], last })),
    reveal: async () => later(ok(null)),
    saveWatchFolder: async (folder) => changed(ok(folders.save(folder))),
    removeWatchFolder: async (id) => {
      folders.remove(id);
      return changed(ok(null));
    },
    watchFolders: async () => later(ok(folders.rows.map((row) => row.folder))),
    footage: async (query) => later(ok(bucket.page(query))),
    lookAgain: async () => {
      bucket.arrive();
      return changed(ok(null));
    },
    clipDetails: async (key) => later(ok(bucket.details(key))),
    profiles: async () => later(ok(newsrooms.list())),
    saveProfile: async (request) => {
      const answer = newsrooms.save(request);
      await later(answer, 700);
      return changed(answer);
    },
    useProfile: async (name) => changed(newsrooms.use(name)),
    renameProfile: async (from, to) => changed(newsrooms.rename(from, to)),
    beginSignIn: async () =>
      later(
        ok({
          id: '1',
          code: 'QWLK-RTMD',
          page: 'https://device.sso.eu-west-1.amazonaws.com/?user_code=QWLK-RTMD',
          until: Date.now() + 600_000,
        }),
      ),
    openSignIn: async () => later(ok(null)),
    signInState: async () =>
      later(
        ok({
          state: 'signedIn' as const,
          accounts: [
            { id: '111111111111', name: 'Newsroom' },
            { id: '222222222222', name: 'Archive' },
          ],
        }),
        4_000,
      ),
    signInRoles: async () => later(ok(['Editor', 'Reporter'])),
    giveUpSignIn: async () => later(ok(null)),
    giveCode: async () => changed(newsrooms.signIn()),
    signOut: async () => changed(newsrooms.signOut()),
    removeProfile: async (name) => changed(newsrooms.remove(name)),
    checkTemplate: async (template, bureau) => later(newsrooms.template(template, bureau)),
    usePractice: async () => changed(newsrooms.practice()),
    support: async () =>
      later(
        ok({
          files: [
            { name: 'rushes.json', holds: 'Which Rushes this is, on what system.', text: '{\n  "version": "0.1.0"\n}' },
            { name: 'transfers.json', holds: 'The newest transfers.', text: '{\n  "key": "#1f9c03ab.mxf"\n}' },
          ],
        }),
      ),
    keepSupport: async () => later(ok<string | null>('/home/amina/rushes-support-2026-11-26.zip')),
    previewNewsroom: async () => later(newsrooms.preview()),
    acceptNewsroom: async () => changed(newsrooms.accept()),
    exportNewsroom: async () =>
      later(
        ok({ fileName: 'Nairobi bureau.rushes', text: 'rushes = 1', link: 'rushes://newsroom?file=cnVzaGVzID0gMQ' }),
      ),
    saveNewsroom: async (name) => later(ok(`/home/amina/${name}.rushes`)),
    pickFiles: async (folders) =>
      later(ok(folders ? ['/media/CARD_A001'] : ['/footage/harbour_ferry_01.mxf', '/footage/harbour_ferry_02.mxf'])),
    about: async (): Promise<AppFacts> => ({ version: '0.1.0', system: 'linux', downloads: '/home/amina/Downloads' }),
  };

  return {
    commands,
    async listen(ears) {
      hear = ears;
      const error = {
        code: 'journalFailed' as const,
        message:
          'Rushes cannot read its journal. Free some space on the disk that holds it; it is tried again by itself.',
        detail: 'database disk image is malformed (SQLite code 11)',
      };
      if (scene === 'stuck') return hear({ told: 'stuck', error });
      tell(true);
      if (scene === 'drag') setTimeout(() => hear({ told: 'dragOver', at: { x: 640, y: 700 } }), 300);
      if (scene === 'newsroom' || scene === 'first-newsroom')
        setTimeout(() => hear({ told: 'newsroom', given: 'rushes = 1' }), 300);
      if (scene === 'drop')
        setTimeout(
          () => hear({ told: 'dropped', paths: ['/media/CARD_A001', '/footage/a_clip_of_the_harbour.mxf'], at: null }),
          300,
        );
      setInterval(() => {
        const landed = floor.tick(TICK_MS / 1000);
        folders.tick();
        tell(
          false,
          landed.map((name) => ({ title: 'A clip is in the bucket', body: name })),
        );
      }, TICK_MS);
    },
  };
}
