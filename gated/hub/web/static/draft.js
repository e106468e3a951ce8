// What somebody types into a long form (data-draft="area") outlives a reload, a crash, a lost
// network and the end of the log-in. It is kept in this browser, encrypted with AES-GCM under a
// key that the server gives to this account only. It goes when the form was carried out, at
// log-out, and after a day. Passwords and files are never kept.
//
// Only what somebody changed is kept: a field that stands as the server filled it in stays the
// server's, so that a form opened again shows what a colleague corrected meanwhile.

const PREFIX = "gated-draft:";
const SENT = "gated-sent";
const DAY_MS = 24 * 3600 * 1000;
const SKIPPED = new Set(["password", "file", "hidden", "submit", "button", "reset", "image"]);

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
const drafts = () => Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const unbase64 = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

function forgetOld() {
  for (const name of drafts()) {
    let at = 0;
    try {
      at = JSON.parse(localStorage.getItem(name)).at;
    } catch {
      at = 0; // not ours any more
    }
    if (!(Date.now() - at < DAY_MS)) localStorage.removeItem(name);
  }
}

const fields = (form) =>
  [...form.elements].filter((field) => field.name && !SKIPPED.has(field.type) && field.tagName !== "BUTTON");

function asServed(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked === field.defaultChecked;
  if (field.tagName !== "SELECT") return field.value === field.defaultValue;
  const options = [...field.options];
  const chosen = options.some((option) => option.defaultSelected);
  if (chosen || field.multiple) return options.every((option) => option.selected === option.defaultSelected);
  return field.selectedIndex <= 0; // none is marked: a browser shows the first
}

// A refused form comes back filled in with what was sent; what was restored stays somebody's own.
const restored = new WeakSet();

function typed(form) {
  const own = fields(form).filter((field) => restored.has(field) || !asServed(field));
  return own.map((field) => {
    if (field.type === "checkbox" || field.type === "radio") return [field.name, field.value, field.checked];
    if (field.multiple) return [field.name, [...field.selectedOptions].map((option) => option.value), true];
    return [field.name, field.value, true];
  });
}

function fill(form, values) {
  const left = [...values];
  let changed = false;
  for (const field of fields(form)) {
    const ticked = field.type === "checkbox" || field.type === "radio";
    const at = left.findIndex(([name, value]) => name === field.name && (!ticked || value === field.value));
    if (at < 0) continue;
    const [, value, checked] = left.splice(at, 1)[0];
    restored.add(field);
    if (ticked) {
      changed ||= field.checked !== checked;
      field.checked = checked;
    } else if (field.multiple) {
      for (const option of field.options) option.selected = value.includes(option.value);
    } else {
      changed ||= field.value !== value;
      field.value = value;
    }
  }
  return changed;
}

function say(form, text, kind) {
  let line = form.querySelector(":scope > .draft-line");
  if (!line) {
    line = document.createElement("p");
    form.prepend(line);
  }
  line.className = `draft-line ${kind}`;
  line.setAttribute("role", kind === "error" ? "alert" : "status");
  line.textContent = text;
}

async function keep(form, key) {
  const name = form.dataset.draftName;
  const values = typed(form);
  if (!values.length) {
    localStorage.removeItem(name);
    return;
  }
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const clear = new TextEncoder().encode(JSON.stringify(values));
  const additional = new TextEncoder().encode(name);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: additional }, key, clear);
  try {
    localStorage.setItem(name, JSON.stringify({ at: Date.now(), iv: base64(iv), sealed: base64(sealed) }));
  } catch {
    // A full or forbidden store: the form works, only nothing is kept.
  }
}

// Every key is written at once: a page that goes away waits for nothing. One write at a time; what
// was typed meanwhile is written right after it.
function keeper(form, key) {
  let writing = null;
  let again = false;
  async function write() {
    form.dataset.draftState = "writing";
    try {
      do {
        again = false;
        await keep(form, key);
      } while (again);
      form.dataset.draftState = "kept";
    } finally {
      writing = null;
    }
  }
  let text = "";
  return () => {
    const now = JSON.stringify(typed(form));
    if (now === text) return writing;
    text = now;
    again = true;
    writing ??= write();
    return writing;
  };
}

async function restore(form, key) {
  const name = form.dataset.draftName;
  const held = localStorage.getItem(name);
  if (!held) return;
  try {
    const { iv, sealed } = JSON.parse(held);
    const additional = new TextEncoder().encode(name);
    const options = { name: "AES-GCM", iv: unbase64(iv), additionalData: additional };
    const clear = await crypto.subtle.decrypt(options, key, unbase64(sealed));
    if (fill(form, JSON.parse(new TextDecoder().decode(clear)))) {
      say(form, document.body.dataset.restored, "hint");
      form.dispatchEvent(new CustomEvent("gated:restored", { bubbles: true }));
    }
  } catch {
    localStorage.removeItem(name); // another account's, or damaged
  }
}

async function reachable() {
  if (!navigator.onLine) return false;
  try {
    return (await fetch("/healthz", { method: "HEAD", cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

// Asks for the server before the form leaves the page: a lost network then costs nothing.
function guard(form, keepNow) {
  let checked = false;
  form.addEventListener("submit", async (event) => {
    if (checked) {
      checked = false;
      sessionStorage.setItem(SENT, form.dataset.draftName);
      return;
    }
    event.preventDefault();
    const submitter = event.submitter;
    await keepNow();
    if (await reachable()) {
      checked = true;
      form.requestSubmit(submitter);
    } else {
      say(form, document.body.dataset.offline, "error");
    }
  });
}

// Two taps on a button are one order. The server knows that as well. Another choice is another
// order: a table as .csv, and then as .xlsx.
function once(form) {
  let sent = { at: 0, what: "" };
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const fields = [...new FormData(form)].map(([name, value]) => [name, value.name ?? value]);
    const now = { at: Date.now(), what: JSON.stringify(fields) };
    if (now.at - sent.at < 3000 && now.what === sent.what) event.preventDefault();
    else sent = now;
  });
}

function watch(form, keepNow) {
  let touched = false;
  const leaving = () => {
    // What changed without a key; of a form that was sent, the next page decides.
    if (touched && sessionStorage.getItem(SENT) !== form.dataset.draftName) keepNow();
  };
  for (const kind of ["input", "change"]) {
    form.addEventListener(kind, () => {
      touched = true;
      keepNow();
    });
  }
  form.addEventListener("reset", () => {
    touched = false;
    localStorage.removeItem(form.dataset.draftName);
  });
  addEventListener("pagehide", leaving);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leaving();
  });
  guard(form, keepNow);
}

async function start() {
  if (meta("forget-drafts")) for (const name of drafts()) localStorage.removeItem(name);
  forgetOld();
  const sent = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  if (sent && meta("done")) localStorage.removeItem(sent);
  const forms = [...document.querySelectorAll("form[data-draft]")];
  let key = null;
  if (forms.length && meta("draft-key") && globalThis.crypto?.subtle) {
    key = await crypto.subtle.importKey("raw", bytes(meta("draft-key")), "AES-GCM", false, ["encrypt", "decrypt"]);
  }
  for (const form of forms) {
    form.dataset.draftName = `${PREFIX}${new URL(form.action).pathname}:${form.dataset.draft}`;
    if (key) {
      await restore(form, key);
      watch(form, keeper(form, key));
    } else {
      guard(form, async () => {});
    }
  }
  for (const form of document.querySelectorAll('form[method="post"]')) once(form);
  document.documentElement.dataset.drafts = "ready";
}

start();
