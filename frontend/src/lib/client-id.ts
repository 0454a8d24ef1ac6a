/** A name that no other message of this author has. (`crypto.randomUUID` exists only on https, this everywhere.) */
export function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
