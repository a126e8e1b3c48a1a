// The engine behind the shell. Beside the generated bindings the only file that imports `@tauri-apps`: a channel is
// made here. Nothing else belongs here.
import { Channel } from '@tauri-apps/api/core';

import { commands, type Told } from '../bindings';
import type { Api } from './index';

export const api: Api = {
  commands,
  async listen(hear) {
    const channel = new Channel<Told>();
    channel.onmessage = hear;
    const answer = await commands.subscribe(channel);
    if (answer.status === 'error') hear({ told: 'stuck', error: answer.error });
  },
};
