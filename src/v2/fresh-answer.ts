// An answer that is timed must have been written for its request: requests of a burst are alike, and whoever writes answers before
// they are asked for would look nearer than it is. So each carries a token that the answer says again. Over the members' channel
// only: P2PRC's nodes say nothing again.

/** Both ways; 16 hex digits. */
export const TOKEN_HEADER = 'moonwalk-token'
const TOKEN = /^[0-9a-f]{16}$/

/** What an answer has to say again, in its headers; nothing where none was asked for. */
export function tokenSaidAgain(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const token = headers[TOKEN_HEADER]
  return token !== undefined && TOKEN.test(token) ? { [TOKEN_HEADER]: token } : {}
}
