// Hands the session and the chat to the components below, without passing them through each.

import { createContext } from 'svelte';

import type { Chat } from './chat.svelte';
import type { Session } from './people/session.svelte';

export const [getSession, setSession] = createContext<Session>();
export const [getChat, setChat] = createContext<Chat>();
