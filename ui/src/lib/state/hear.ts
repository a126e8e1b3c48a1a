// Everything that the window is told comes in here and goes to who holds it. No state of its own.
import type { Told } from '../bindings';
import { drops } from './drops.svelte';
import { footage } from './footage.svelte';
import { newsroomFiles } from './newsroomfiles.svelte';
import { notices } from './notices.svelte';
import { profiles } from './profiles.svelte';
import { transfers } from './transfers.svelte';
import { watching } from './watching.svelte';

export function hear(told: Told) {
  switch (told.told) {
    case 'update': {
      const { update } = told;
      notices.stuck = null;
      transfers.apply(update);
      watching.hear(update.watching);
      footage.hear(update.footage);
      void profiles.hear(update.profiles);
      for (const notice of update.notices) notices.say(notice.title, notice.body);
      break;
    }
    case 'dragOver':
      drops.over = told.at;
      break;
    case 'dragLeft':
      drops.over = null;
      break;
    case 'dropped':
      void drops.dropAt(told.paths, told.at);
      break;
    case 'newsroom':
      void newsroomFiles.show(told.given);
      break;
    case 'stuck':
      notices.stuck = told.error;
      break;
  }
}
