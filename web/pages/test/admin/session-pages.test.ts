import type { SessionPage, SessionStatus } from "@skywave/client";
import { describe, expect, it } from "vitest";
import { SessionPages } from "../../src/admin/core/session-pages.js";

const session = (number: number): SessionStatus => ({
  session: number,
  subject: "ana",
  role: "listener",
  address: "::1",
  since: 0,
  publishing: false,
  listening: true,
});

/** A relay with these sessions, two on a page. */
function relayWith(...numbers: number[]) {
  const relay = {
    numbers,
    asked: [] as (number | undefined)[],
    fault: undefined as Error | undefined,
    answer: (after: number | undefined): Promise<SessionPage> => {
      relay.asked.push(after);
      if (relay.fault) return Promise.reject(relay.fault);
      const later = relay.numbers.filter((number) => number > (after ?? 0));
      return Promise.resolve({
        sessions: later.slice(0, 2).map(session),
        more: later.length > 2,
      });
    },
  };
  return relay;
}

describe("pages of sessions", () => {
  const numbers = (pages: SessionPages) => pages.state.sessions.map((one) => one.session);
  const leaf = (relay: ReturnType<typeof relayWith>) =>
    new SessionPages(relay.answer, () => 42, () => undefined);

  it("go forth and back", async () => {
    const pages = leaf(relayWith(1, 5, 6, 9, 12));
    await pages.refresh();
    expect(numbers(pages)).toEqual([1, 5]);
    expect(pages.state).toMatchObject({ page: 1, hasNext: true, at: 42, isEmpty: false });
    await pages.next();
    await pages.next();
    expect(numbers(pages)).toEqual([12]);
    expect(pages.state).toMatchObject({ page: 3, hasNext: false });
    await pages.next();
    expect(pages.state.page).toBe(3);
    await pages.previous();
    expect(numbers(pages)).toEqual([6, 9]);
    await pages.previous();
    await pages.previous();
    expect(numbers(pages)).toEqual([1, 5]);
  });

  it("show the same page anew", async () => {
    const relay = relayWith(1, 5, 6, 9);
    const pages = leaf(relay);
    await pages.refresh();
    await pages.next();
    relay.numbers = [1, 5, 9];
    await pages.refresh();
    expect(numbers(pages)).toEqual([9]);
    expect(relay.asked).toEqual([undefined, 5, 5]);
  });

  it("go back from a page whose sessions have all ended", async () => {
    const relay = relayWith(1, 5, 6);
    const pages = leaf(relay);
    await pages.refresh();
    await pages.next();
    relay.numbers = [1, 5];
    await pages.refresh();
    expect(numbers(pages)).toEqual([1, 5]);
    expect(pages.state).toMatchObject({ page: 1, hasNext: false, isLoading: false });
  });

  it("stay where they are where the relay does not answer, and say so until it does", async () => {
    const relay = relayWith(1, 5, 6);
    const pages = leaf(relay);
    await pages.refresh();
    relay.fault = new Error("gone");
    await pages.next();
    expect(pages.state).toMatchObject({ page: 1, fault: "gone", isLoading: false });
    expect(numbers(pages)).toEqual([1, 5]);
    relay.fault = undefined;
    await pages.next();
    expect(pages.state.fault).toBeUndefined();
    expect(numbers(pages)).toEqual([6]);
  });

  it("leave an answer that was overtaken", async () => {
    const answers: ((page: SessionPage) => void)[] = [];
    const pages = new SessionPages(
      () => new Promise((resolve) => answers.push(resolve)),
      () => 0,
      () => undefined,
    );
    const first = pages.refresh();
    const second = pages.refresh();
    answers[1]?.({ sessions: [session(2)], more: false });
    await second;
    answers[0]?.({ sessions: [session(1)], more: false });
    await first;
    expect(numbers(pages)).toEqual([2]);
  });
});
