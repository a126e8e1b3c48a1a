// A sign-in at IAM Identity Center: begun, waited for while the browser is open, and the choice that it opens. Tokens stay
// with the engine.
import { ask, type Trouble } from '../api';
import type { Account, DeviceSignIn } from '../bindings';
import type { InBrowser } from '../waysIn';

export class SignIn implements InBrowser {
  begun = $state.raw<DeviceSignIn | null>(null);
  /** Null until somebody has said yes in the browser. */
  accounts = $state.raw<readonly Account[] | null>(null);
  /** Null until an account is chosen. */
  roles = $state.raw<readonly string[] | null>(null);
  trouble = $state.raw<Trouble | null>(null);
  busy = $state(false);
  #turn = 0;

  /** Signed in, and not saved with a newsroom yet. */
  get id(): string | null {
    return this.accounts ? (this.begun?.id ?? null) : null;
  }

  async begin(startUrl: string, region: string) {
    this.giveUp();
    const turn = ++this.#turn;
    this.busy = true;
    const begun = await ask((commands) => commands.beginSignIn({ startUrl: startUrl.trim(), region: region.trim() }));
    if (turn !== this.#turn) return;
    if (begun.status === 'error') {
      this.trouble = begun.error;
      this.busy = false;
      return;
    }
    this.begun = begun.data;
    for (;;) {
      const said = await ask((commands) => commands.signInState(begun.data.id));
      if (turn !== this.#turn) return;
      if (said.status === 'ok' && said.data.state === 'waiting') continue;
      this.busy = false;
      if (said.status === 'error') {
        this.trouble = said.error;
        this.begun = null;
      } else if (said.data.state === 'signedIn') this.accounts = said.data.accounts;
      return;
    }
  }

  async choose(account: string) {
    this.roles = null;
    const id = this.id;
    if (!id || !account) return;
    const turn = this.#turn;
    const answer = await ask((commands) => commands.signInRoles(id, account));
    if (turn !== this.#turn) return;
    if (answer.status === 'ok') this.roles = answer.data;
    else this.trouble = answer.error;
  }

  openAgain() {
    const id = this.begun?.id;
    if (id) void ask((commands) => commands.openSignIn(id));
  }

  giveUp() {
    const id = this.begun?.id;
    this.#turn += 1;
    this.begun = this.accounts = this.roles = this.trouble = null;
    this.busy = false;
    if (id) void ask((commands) => commands.giveUpSignIn(id));
  }
}
