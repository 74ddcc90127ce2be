import { InjectionToken } from '@angular/core';

/** The part of a WebSocket that is used here. */
export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(text: string): void;
  close(): void;
}

/** Opens a connection to the server's event socket. */
export const SOCKET_FACTORY = new InjectionToken<() => SocketLike>('socket factory', {
  providedIn: 'root',
  factory: () => () => {
    const url = new URL('/api/v1/ws', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return new WebSocket(url) as unknown as SocketLike;
  },
});
