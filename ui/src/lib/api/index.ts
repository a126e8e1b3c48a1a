// The one door to the engine. The shell's commands where the window runs in the shell; a scripted fake in a plain
// browser, for work on the design. Only `tauri.ts` beside this file and the generated bindings know Tauri.
import type { commands as shellCommands, Told } from '../bindings';
import { api as shell } from './tauri';

export type Commands = Omit<typeof shellCommands, 'subscribe'>;

export interface Api {
  commands: Commands;
  /** From now on `hear` is called with everything that the window is told, in order. */
  listen(hear: (told: Told) => void): Promise<void>;
}

type Refusal = Extract<Awaited<ReturnType<Commands['act']>>, { status: 'error' }>['error'];

/** An error as the engine tells it: a code, a sentence, and the cause for IT. */
export type Trouble = Refusal;
export type Answer<T> = { status: 'ok'; data: T } | { status: 'error'; error: Trouble };

let current: Api = shell;

/** Chooses the engine to talk to. The fake is left out of what ships. */
export async function openApi(): Promise<Api> {
  if (!('__TAURI_INTERNALS__' in window) && (import.meta.env.DEV || import.meta.env.MODE === 'fake')) {
    current = (await import('./fake')).fake();
  }
  return current;
}

/** For tests: talk to this one. */
export function useApi(api: Api) {
  current = api;
}

/** Asks the engine something. Never throws: a broken call is trouble as well. */
export async function ask<T>(call: (commands: Commands) => Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await call(current.commands);
  } catch (cause) {
    const message = 'Rushes made a mistake. Nothing was lost; please try again.';
    return { status: 'error', error: { code: 'internal', message, detail: String(cause) } };
  }
}

export async function about() {
  return current.commands.about();
}
