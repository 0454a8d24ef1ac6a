// Which dialog is open: one at a time, from wherever it is asked for.

import type { DocumentFacts, Message } from '../../lib/http/wire';
import { layers } from './layers';
import type { RoomState } from '../rooms/room.svelte';

export type DialogRequest =
  | { kind: 'new-room' | 'all-rooms' | 'switcher' | 'settings' | 'help' }
  | { kind: 'room' | 'invite' | 'people' | 'documents' | 'new-document'; room: RoomState }
  | { kind: 'document' | 'versions'; room: RoomState; document: DocumentFacts }
  | { kind: 'timeline' | 'react'; room: RoomState; message: Message }
  | { kind: 'confirm'; title: string; text: string; action: string; run: () => Promise<void> };

class Dialogs {
  open = $state.raw<DialogRequest | null>(null);

  readonly #close = (): void => void (this.open = null);

  show(request: DialogRequest): void {
    if (this.open === null) layers.opened(this.#close);
    this.open = request;
  }

  close(): void {
    this.#close();
    layers.closed(this.#close);
  }
}

export const dialogs = new Dialogs();
