// The present moment, for what is written relative to it. Ticks once a second; asks nobody.

class Clock {
  now = $state(Date.now());

  /** Answers with how to stop it. */
  start(): () => void {
    const timer = setInterval(() => (this.now = Date.now()), 1000);
    return () => clearInterval(timer);
  }
}

export const clock = new Clock();
