/** Locks between the tabs of a browser. Plain HTTP has none: there a lock holds within the tab. */

const shared = globalThis.navigator?.locks;
const tails = new Map();

/** Run `work` while no one else holds the name. */
export function lock(name, work) {
  if (shared) return shared.request(`till-${name}`, work);
  const turn = (tails.get(name) ?? Promise.resolve()).then(work, work);
  tails.set(name, turn);
  return turn;
}

const PATIENCE_MS = 1500;

/**
 * Hold a name for as long as the page lives. Resolves to false where another tab holds it, unless
 * `steal`; `lost` is called when another tab steals it. A page that is being left lets go late, so
 * a reload waits a moment.
 */
export function hold(name, { steal = false, lost }) {
  if (!shared) return Promise.resolve(true);
  return new Promise((resolve) => {
    const options = steal ? { steal: true } : { signal: AbortSignal.timeout(PATIENCE_MS) };
    let held = false;
    const forever = () => {
      held = true;
      resolve(true);
      return new Promise(() => {});
    };
    shared.request(`till-${name}`, options, forever).catch(() => (held ? lost() : resolve(false)));
  });
}

/** Whether a tab holds the name now; unknown, and so false, over plain HTTP. */
export async function isHeld(name) {
  const { held = [] } = (await shared?.query()) ?? {};
  return held.some((one) => one.name === `till-${name}`);
}
