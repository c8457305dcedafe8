import { SkywaveError } from "./errors.js";

/** A bidirectional stream of bytes. */
export interface ByteStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** One session with a relay, whatever carries it: what this library needs of WebTransport. */
export interface Transport {
  /** Opens the control stream. */
  openControl(): Promise<ByteStream>;
  /** Opens a unidirectional stream to the relay. */
  openStream(): Promise<WritableStream<Uint8Array>>;
  /** The unidirectional streams that the relay opens. */
  readonly streams: ReadableStream<ReadableStream<Uint8Array>>;
  /** The relay's datagrams. */
  readonly datagrams: ReadableStream<Uint8Array>;
  /** Sends a datagram, or drops it where it cannot go now. */
  sendDatagram(bytes: Uint8Array): void;
  /** Resolves once the session has ended, with what is known of why. Never rejects. */
  readonly closed: Promise<string>;
  /** Ends the session. */
  close(): void;
}

/** How a session is opened. */
export interface ConnectOptions {
  /** The relay's WebTransport URL. */
  readonly url: string;
  /**
   * SHA-256 of certificates to trust although no authority signed them: 32 bytes, or
   * 64 hexadecimal digits with or without colons.
   */
  readonly certificateHashes?: readonly (string | Uint8Array)[];
}

/** Opens a session; rejects where none comes about. */
export type Connect = (options: ConnectOptions) => Promise<Transport>;

/** {@link Connect} over the browser's WebTransport. */
export const connectWebTransport: Connect = async (options) => {
  const hashes = (options.certificateHashes ?? []).map(parseHash);
  if (!("WebTransport" in globalThis)) {
    throw new SkywaveError("unsupported", "this browser has no WebTransport");
  }
  let session: WebTransport;
  try {
    session = new WebTransport(options.url, {
      serverCertificateHashes: hashes.map((value) => ({ algorithm: "sha-256", value })),
    });
  } catch (error) {
    throw new SkywaveError("setup", `${options.url} cannot be used: ${words(error)}`);
  }
  const closed = session.closed.then((info) => info.reason ?? "the session was closed", words);
  try {
    await session.ready;
  } catch (error) {
    throw new SkywaveError("connect", `cannot connect to ${options.url}: ${words(error)}`);
  }
  const datagrams = session.datagrams.writable.getWriter();
  return {
    openControl: () => session.createBidirectionalStream(),
    openStream: () => session.createUnidirectionalStream(),
    streams: session.incomingUnidirectionalStreams as ReadableStream<ReadableStream<Uint8Array>>,
    datagrams: session.datagrams.readable as ReadableStream<Uint8Array>,
    sendDatagram: (bytes) => {
      // Fails on a session that has ended, which `closed` tells.
      datagrams.write(bytes).catch(() => undefined);
    },
    closed,
    close: () => {
      session.close();
    },
  };
};

/**
 * The 32 bytes of a certificate's hash.
 *
 * @throws SkywaveError It is no SHA-256.
 */
export function parseHash(hash: string | Uint8Array): Uint8Array<ArrayBuffer> {
  if (typeof hash !== "string") {
    if (hash.length === 32) return Uint8Array.from(hash);
    throw new SkywaveError("setup", `a certificate hash has 32 bytes, this one ${hash.length}`);
  }
  const digits = hash.replaceAll(":", "");
  if (!/^[0-9a-f]{64}$/i.test(digits)) {
    throw new SkywaveError("setup", `${hash} is no SHA-256: 64 hexadecimal digits are`);
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
