import { describe, expect, it } from "vitest";
import { QualityJudge, type ConnectionFigures } from "../src/quality.js";

const CALM: ConnectionFigures = {
  isPlaying: true,
  gaps: 0,
  missing: 0,
  error: 300,
  delayMs: 200,
  channelDelayMs: 200,
  jitterMs: 8,
  roundTripMs: 20,
};

const seconds = (count: number) => count * 1_000_000;

describe("QualityJudge", () => {
  it("says that all is well, and how far behind live", () => {
    expect(new QualityJudge().judge(CALM, 0)).toEqual({
      quality: "good",
      qualityWords: "In step with everyone, 200 ms behind live",
    });
  });

  it("does not claim step with everyone at another delay than theirs", () => {
    const words = (delayMs: number) =>
      new QualityJudge().judge({ ...CALM, delayMs }, 0).qualityWords;
    expect(words(300)).toBe("Steady, 300 ms behind live, 100 ms after most listeners");
    expect(words(100)).toBe("Steady, 100 ms behind live, 100 ms before most listeners");
  });

  it("tells a dropout for ten seconds, and then no more", () => {
    const judge = new QualityJudge();
    judge.judge(CALM, 0);
    const after = { ...CALM, gaps: 1 };
    expect(judge.judge(after, seconds(1)).qualityWords).toContain("A short dropout");
    for (let n = 2; n <= 10; n++) expect(judge.judge(after, seconds(n)).quality).toBe("fair");
    expect(judge.judge(after, seconds(12)).quality).toBe("good");
  });

  it("calls a connection with dropout upon dropout poor", () => {
    const judge = new QualityJudge();
    judge.judge(CALM, 0);
    const { quality, qualityWords } = judge.judge({ ...CALM, gaps: 4 }, seconds(5));
    expect(quality).toBe("poor");
    expect(qualityWords).toContain("4 dropouts");
  });

  it("tells losses that were heard as no gap", () => {
    const judge = new QualityJudge();
    judge.judge(CALM, 0);
    expect(judge.judge({ ...CALM, missing: 2 }, seconds(1)).qualityWords).toContain("lost");
  });

  it("does not claim step while it is out of it", () => {
    expect(new QualityJudge().judge({ ...CALM, error: -15_000 }, 0).quality).toBe("fair");
  });

  it("says nothing where nothing plays", () => {
    const judged = new QualityJudge().judge({ ...CALM, isPlaying: false }, 0);
    expect(judged).toEqual({ quality: "unknown", qualityWords: "" });
  });

  it("forgets the dropouts of a counter that began anew", () => {
    const judge = new QualityJudge();
    judge.judge({ ...CALM, gaps: 9 }, 0);
    expect(judge.judge(CALM, seconds(1)).quality).toBe("good");
  });
});
