/** A connection to one `mongod`: one request at a time, the reply handed to whoever asked. */
import { connect, type Socket } from 'node:net';
import { FrameReader } from '../wire/wire.ts';

/** Who waits for a reply. Exactly one of the two is called, once for each request. */
export interface Receiver {
  onReply(message: Buffer): void;
  /** The connection broke: nobody knows whether the request was carried out. */
  onFailure(error: Error): void;
}

/** What a new connection asks before anything else is sent over it: ports are used again, by other clusters too. */
export interface Greeting {
  readonly message: Buffer;
  /** @throws if that is not who was meant; the connection is closed with the error */
  check(reply: Buffer): void;
}

interface ConnectionOptions {
  readonly greeting: Greeting | undefined;
  readonly onIdle: (connection: Connection) => void;
  readonly onClosed: (connection: Connection) => void;
}

class Connection {
  readonly #socket: Socket;
  readonly #onIdle: (connection: Connection) => void;
  readonly #onClosed: (connection: Connection) => void;
  #receiver: Receiver | undefined;
  /** Undefined once it has been answered. */
  #greeting: Greeting | undefined;
  /** What waits for that. */
  #held: Buffer | undefined;
  #closed = false;

  constructor(address: string, { greeting, onIdle, onClosed }: ConnectionOptions) {
    this.#greeting = greeting;
    this.#onIdle = onIdle;
    this.#onClosed = onClosed;
    this.#socket = connect(endpointOf(address));
    this.#socket.setNoDelay(true);
    const frames = new FrameReader((message) => this.#settle(message));
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        frames.push(chunk);
      } catch (error) {
        this.close(error as Error);
      }
    });
    this.#socket.on('error', (error) => this.close(error));
    this.#socket.on('close', () => this.close(new Error(`${address} closed the connection`)));
    if (greeting) this.#socket.write(greeting.message);
  }

  send(message: Buffer, receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#greeting) this.#held = message;
    else this.#socket.write(message);
  }

  close(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#onClosed(this);
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.onFailure(error);
  }

  #settle(message: Buffer): void {
    if (this.#greeting) {
      this.#meet(this.#greeting, message);
      return;
    }
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.#onIdle(this);
    receiver?.onReply(message);
  }

  /** A stranger closes the connection: the frame reader hands the error to `close`. */
  #meet(greeting: Greeting, reply: Buffer): void {
    greeting.check(reply);
    this.#greeting = undefined;
    if (this.#held) this.#socket.write(this.#held);
    this.#held = undefined;
  }
}

/** `host:port`, or the path of a Unix socket. */
function endpointOf(address: string): { path: string } | { host: string; port: number } {
  if (address.startsWith('/')) return { path: address };
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

/** The connections to one `mongod`; the one used last is used next, so that few stay warm. */
export class ConnectionPool {
  readonly address: string;
  readonly #maxSize: number;
  readonly #greeting: Greeting | undefined;
  #idle: Connection[] = [];
  #all = new Set<Connection>();
  #waiting: { message: Buffer; receiver: Receiver }[] = [];
  #onBroken: () => void;

  constructor(address: string, options: { maxSize: number; greeting?: Greeting | undefined; onBroken?: () => void }) {
    this.address = address;
    this.#maxSize = options.maxSize;
    this.#greeting = options.greeting;
    this.#onBroken = options.onBroken ?? (() => {});
  }

  send(message: Buffer, receiver: Receiver): void {
    const connection = this.#idle.pop() ?? this.#open();
    if (connection) connection.send(message, receiver);
    else this.#waiting.push({ message, receiver });
  }

  /** Fails what is under way. The next request opens a new connection. */
  breakAll(reason: string): void {
    for (const connection of [...this.#all]) connection.close(new Error(reason));
  }

  close(): void {
    this.#onBroken = () => {};
    const error = new Error('the router is stopping');
    for (const { receiver } of this.#waiting.splice(0)) receiver.onFailure(error);
    for (const connection of [...this.#all]) connection.close(error);
  }

  #open(): Connection | undefined {
    if (this.#all.size >= this.#maxSize) return undefined;
    const connection = new Connection(this.address, {
      greeting: this.#greeting,
      onIdle: (idle) => this.#reuse(idle),
      onClosed: (closed) => this.#forget(closed),
    });
    this.#all.add(connection);
    return connection;
  }

  #reuse(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next) connection.send(next.message, next.receiver);
    else this.#idle.push(connection);
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection);
    this.#idle = this.#idle.filter((other) => other !== connection);
    this.#onBroken();
    const next = this.#waiting.shift();
    if (next) this.send(next.message, next.receiver);
  }
}
