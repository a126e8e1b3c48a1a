// The one watch folder of this version, as the engine last told it, and how it is chosen and let go.
import type { WatchRow } from '../bindings';
import { lastSegment } from '../format';
import { notices } from './notices.svelte';
import { profiles } from './profiles.svelte';
import { isAsked, questions } from './questions.svelte';

export class Watching {
  row = $state.raw<WatchRow | null>(null);

  hear(row: WatchRow | null) {
    this.row = row;
  }

  async choose() {
    const profile = profiles.inUse;
    const [path] = (await notices.ask((commands) => commands.pickFiles(true))) ?? [];
    if (!path || !profile) return;
    const asked = await notices.ask((commands) => commands.dropAsks());
    if (!asked) return;
    const asks = asked.asks.filter(isAsked);
    const question = {
      title: `Watch this folder for ${profile.name}`,
      names: [lastSegment(path)],
      asks,
      last: asked.last,
      yes: 'Watch it',
      zone: profiles.zone,
    };
    const answer = asks.length === 0 ? { fields: {} } : await questions.ask(question);
    if (answer === null) return;
    const { fields } = answer;
    await notices.ask((commands) => commands.watch({ path, profile: profile.name, fields }));
  }

  async stop() {
    await notices.ask((commands) => commands.watch(null));
  }
}

export const watching = new Watching();
