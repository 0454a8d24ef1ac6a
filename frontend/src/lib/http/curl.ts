/** The command that posts to a room; one line, ready to paste. The address is the page's, the token has no quotes. */
export function curlLine(origin: string, token: string, roomId: number): string {
  return `curl -H 'Authorization: Bearer ${token}' -d 'hello from curl' ${origin}/api/v1/rooms/${roomId}/messages`;
}
