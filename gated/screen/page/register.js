// A visitor or a returnee is written down: from the card that was just read, or with the pads.
// Nothing has to be typed in Chinese, and no single field has to be filled in.

import { close, latest, sheet, worded } from "./dialogs.js";
import { form } from "./forms.js";
import { WORDS } from "./lists.js";
import { offerPass } from "./orders.js";
import { first, say, TEXTS } from "./texts.js";

const WHY = ["visit_family", "delivery", "repair", "care", "doctor", "moving", "other"];
const PLACES = ["this_city", "this_province", "other_province", "abroad"];
const PROVINCES = [
  ...["hubei", "beijing", "tianjin", "hebei", "shanxi", "neimenggu", "liaoning", "jilin", "heilongjiang"],
  ...["shanghai", "jiangsu", "zhejiang", "anhui", "fujian", "jiangxi", "shandong", "henan", "hunan"],
  ...["guangdong", "guangxi", "hainan", "chongqing", "sichuan", "guizhou", "yunnan", "xizang", "shaanxi"],
  ...["gansu", "qinghai", "ningxia", "xinjiang", "hongkong", "macao", "taiwan"],
];

// The centre reads what was picked in the gate's own language, whatever the guard's is.
function picks(words, language) {
  return words.map((word) => ({ ...worded(word), value: TEXTS[word][language] }));
}

function brief(number) {
  return number.replace(/\*{5,}/, "****");
}

function fieldsFor(language, card) {
  const from = picks(PLACES, language).map((place) => (place.word === "other_province" ? { ...place, inner: picks(PROVINCES, language) } : place));
  const person = card
    ? [
        { name: "name", kind: "text", locked: card.name },
        { name: "document_number", kind: "number", locked: brief(card.number) },
      ]
    : [
        { name: "document_number", kind: "number", most: 18, sets: ["123", "ABC"], extra: "X", oneOf: true },
        { name: "phone", kind: "number", most: 15, extra: "+", oneOf: true },
        { name: "name", kind: "text", most: 64, oneOf: true },
        { name: "document_kind", kind: "choice", words: WORDS.document_kind },
      ];
  return [
    ...person,
    { name: "to", kind: "room" },
    { name: "reason", kind: "text", most: 500, picks: picks(WHY, language) },
    { name: "from", kind: "text", most: 64, picks: from },
    ...(card ? [{ name: "phone", kind: "number", most: 15, extra: "+" }] : []),
    { name: "plate", kind: "plate", optional: true },
    { name: "companions", kind: "count", most: 99 },
  ];
}

// The person may still stand there, and the screen say "register".
function goOn(visit) {
  const now = latest();
  const waits = visit && now?.visit === visit && now.verdict?.verdict === "CHECK";
  if (waits && now.enabled.includes("manual_pass")) offerPass(now);
  else close();
}

function register(whom, snapshot, card) {
  const { visit, language } = snapshot;
  form({
    title: `${say("registration")} · ${say(whom)}`,
    hint: card ? "from_card" : "sealed_note",
    fields: fieldsFor(language, card),
    values: { name: "", document_kind: "id_card", document_number: "", phone: "", to: "", reason: "", from: "", plate: "", companions: 0 },
    ready: ({ name, document_number: number, phone }) => (card || name || number || phone ? "" : "name_or_number"),
    done: () => goOn(visit),
    made: (values) => {
      const { name, document_number: number, ...rest } = values;
      const person = card ? { from_card: true } : { name, document_number: number };
      const unseen = !card && !number && values.document_kind === "id_card";
      const kind = unseen ? "none" : values.document_kind;
      return { kind: "registration", form: whom, ...(visit ? { visit } : {}), ...rest, document_kind: kind, ...person };
    },
  });
}

/** Whom to register is asked, then the form is open. A card that was just read fills it in. */
export function openRegister(snapshot) {
  const { card } = snapshot;
  const items = WORDS.registration.map((whom) =>
    worded(whom, () => register(whom, snapshot, card), card ? { small: `${card.name} ${brief(card.number)}` } : {}),
  );
  for (const whom of card ? WORDS.registration : []) {
    const small = say("another_person");
    items.push({ text: first(TEXTS[whom]), small, word: `${whom}_other`, act: () => register(whom, snapshot, null) });
  }
  sheet("pick", say("pick_registration"), { items });
}
