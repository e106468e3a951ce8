// What is said to the gate's program and what it answers.

let token = "";

/** Why the program did not do it: a key of the words. */
export class Refused extends Error {
  constructor(code, field = "") {
    super(code);
    this.code = code;
    this.field = field;
  }
}

async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw new Refused("no_answer");
  }
  const said = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) throw new Refused(said.error ?? "no_answer", said.field);
  if (said.token) token = said.token;
  return said;
}

/** What stands at an address. */
export function get(path) {
  return asked(path, {});
}

/** The answer to an order. */
export function post(path, fields) {
  return asked(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Gated-Token": token },
    body: JSON.stringify(fields),
  });
}
