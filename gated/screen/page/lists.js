// The words a guard picks from, in the order of their keys: exactly those the gate takes.

export const REASONS = {
  manual_pass: ["medical", "rescue", "caring", "clinical_normal", "equipment_fault", "station", "known", "escort", "registered", "other"],
  refuse: ["unknown_person", "behaviour", "document", "other"],
};
export const WORDS = {
  call: ["fever", "contact", "dispute", "help", "other"],
  anomaly: ["crowding", "damage", "quarrel", "forced", "animal", "other"],
  note: ["parcel", "elder_help", "key_left", "utility", "lost_found", "weather", "other"],
  registration: ["visitor", "returnee"],
  round: ["gate", "guard_room", "pick_up", "other"],
  agent: ["chlorine", "alcohol", "other"],
  document_kind: ["id_card", "passport", "permit", "other", "none"],
  checklist: ["thermometer", "disinfectant", "protective", "paper_ledger", "keys", "open_cases"],
  outcome: ["passed", "refused"],
  direction: ["in", "out"],
  mode: ["normal", "lockdown", "evacuate", "out_of_service", "open", "reader_locked"],
  mode_end: ["over", "station", "mistake", "other"],
  turn: ["rush", "station", "mistake", "other"],
  abandon: ["turned_back", "miscounted", "station", "other"],
  drop: ["on_foot", "stays_out", "miscounted", "other"],
  mode_reason: ["fire", "station", "equipment", "crowding", "rescue", "drill", "other"],
};
