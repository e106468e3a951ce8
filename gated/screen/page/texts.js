// The words that belong to the page itself. Verdicts, reasons and health come with the snapshot.
// Every entry has both languages; tests/screen/test_page_files.py checks it.

export const TEXTS = {
  ask_credential: { zh: "刷证或扫码", en: "Card or code" },
  ask_wrist: { zh: "手腕对准感应口", en: "Wrist to the sensor" },
  idle_reason: { zh: "请刷身份证或出示通行码", en: "Show your ID card or pass" },
  idle_privacy: {
    zh: "隐私:只记时间、体温、凭证代号;送达中心后 14 天删除",
    en: "Kept: time, temperature, code; deleted 14 days after delivery",
  },
  recognised: { zh: "已识别", en: "Recognised" },
  hold_still: { zh: "请保持手腕不动", en: "Hold still" },
  show_credential: { zh: "请刷证或扫码", en: "Card or code, please" },
  seconds_left: { zh: "剩余 {n} 秒", en: "{n} s left" },
  in: { zh: "进", en: "IN" },
  out: { zh: "出", en: "OUT" },
  both: { zh: "双向", en: "BOTH" },
  guard: { zh: "值守", en: "Guard" },
  no_guard: { zh: "无人值守", en: "No guard" },
  online: { zh: "在线", en: "Online" },
  offline: { zh: "离线", en: "Offline" },
  hub_silent: { zh: "中心无应答", en: "Hub silent" },
  minutes: { zh: "{n} 分", en: "{n} min" },
  seconds: { zh: "{n} 秒", en: "{n} s" },
  hours: { zh: "{n} 小时", en: "{n} h" },
  backlog: { zh: "待传", en: "QUEUE" },
  clock_holdover: { zh: "未校时", en: "HOLDOVER" },
  clock_unsure: { zh: "时间不可信", en: "CLOCK ?" },
  not_recorded: { zh: "未记录", en: "NOT RECORDED" },
  awaiting: { zh: "请值守处理", en: "Guard decides" },
  no_link: { zh: "闸机程序无连接", en: "No link to the gate" },
  no_link_reason: { zh: "屏幕收不到闸机数据,正在自动重连", en: "Nothing heard from the gate; trying again" },
  no_link_advice: { zh: "请按纸质登记放行;超过 1 分钟请呼叫维护", en: "Use paper; after a minute call maintenance" },
  fault: { zh: "设备故障", en: "Device fault" },
  remeasure: { zh: "复测", en: "Again" },
  clinical: { zh: "输入体温", en: "Type °C" },
  manual_pass: { zh: "人工放行", en: "Manual pass" },
  refuse: { zh: "拒绝", en: "Refuse" },
  language: { zh: "EN", en: "中文" },
  more: { zh: "更多", en: "More" },
  message: { zh: "中心通知", en: "From the centre" },
  call: { zh: "呼叫", en: "Call" },
  registration: { zh: "登记", en: "Register" },
  anomaly: { zh: "异常", en: "Anomaly" },
  round: { zh: "消杀", en: "Disinfection" },
  shift: { zh: "交接班", en: "Shift" },
  pick_call: { zh: "呼叫社区:选择原因", en: "Call the station: why?" },
  pick_registration: { zh: "登记:选择类型", en: "Register: whom?" },
  pick_anomaly: { zh: "异常上报:选择情况", en: "Anomaly: what is it?" },
  pick_round: { zh: "消杀登记:选择地点", en: "Disinfection: where?" },
  pick_agent: { zh: "消杀登记:选择药剂", en: "Disinfection: what with?" },
  pick_shift: { zh: "交接班:输入工号", en: "Shift: staff number" },
  fever: { zh: "发热人员", en: "Fever" },
  contact: { zh: "密接人员", en: "Contact" },
  dispute: { zh: "纠纷", en: "Dispute" },
  help: { zh: "需要支援", en: "Need help" },
  crowding: { zh: "人员聚集", en: "Crowding" },
  damage: { zh: "设施损坏", en: "Damage" },
  quarrel: { zh: "争吵冲突", en: "Quarrel" },
  forced: { zh: "强行闯卡", en: "Forced through" },
  animal: { zh: "动物", en: "Animal" },
  visitor: { zh: "访客", en: "Visitor" },
  returnee: { zh: "返程人员", en: "Returnee" },
  gate: { zh: "卡口通道", en: "Gate lane" },
  guard_room: { zh: "岗亭", en: "Guard room" },
  pick_up: { zh: "取件点", en: "Drop point" },
  chlorine: { zh: "含氯消毒液", en: "Chlorine" },
  alcohol: { zh: "酒精", en: "Alcohol" },
  id_card: { zh: "身份证", en: "ID card" },
  passport: { zh: "护照", en: "Passport" },
  permit: { zh: "通行证", en: "Travel permit" },
  none: { zh: "未出示", en: "None shown" },
  name: { zh: "姓名(必填)", en: "Name (required)" },
  document_kind: { zh: "证件类型", en: "Document" },
  document_number: { zh: "证件号码", en: "Number" },
  phone: { zh: "手机号", en: "Phone" },
  from: { zh: "从哪里来", en: "From where" },
  to: { zh: "去哪户,如 3-2-101", en: "To room, as 3-2-101" },
  reason: { zh: "事由", en: "Reason" },
  plate: { zh: "车牌号", en: "Plate" },
  companions: { zh: "随行人数", en: "Companions" },
  words: { zh: "补充说明(可不填)", en: "In your words (optional)" },
  sealed_note: { zh: "内容加密,只有社区能看", en: "Sealed: only the community office can read it" },
  staff_number: { zh: "工号", en: "Staff number" },
  begin_shift: { zh: "上岗", en: "Begin" },
  end_shift: { zh: "下岗", en: "End" },
  supervisor: { zh: "班长", en: "Supervisor" },
  technician: { zh: "维护人员", en: "Technician" },
  pick_guard: { zh: "上岗:选择姓名", en: "Begin duty: who are you?" },
  pick_second: { zh: "需第二人授权:请班长选择", en: "A second person must approve: who?" },
  type_pin: { zh: "输入密码", en: "PIN" },
  pin_note: { zh: "4 – 8 位数字", en: "4 to 8 digits" },
  checking: { zh: "正在核对…", en: "Checking…" },
  no_guards: { zh: "名册里没有这样的人员", en: "Nobody in the book may do this" },
  wrong_pin: { zh: "工号或密码不对", en: "Wrong number or PIN" },
  pin_locked: { zh: "输错太多次,请等 {n} 分钟", en: "Too many wrong PINs: wait {n} min" },
  not_a_second_person: { zh: "须由另一位班长授权", en: "Another supervisor must approve" },
  nobody_on_duty: { zh: "无人值守,请先上岗", en: "Nobody is on duty: log in first" },
  logged_off: { zh: "已换岗,未执行,请重按", en: "Duty changed; nothing done, press again" },
  not_your_role: { zh: "您的岗位不能这样操作", en: "Your role may not do this" },
  log_in_first: { zh: "请用工号和密码上岗", en: "Log in with number and PIN" },
  send: { zh: "提交", en: "Send" },
  check_field: { zh: "请检查:{n}", en: "Please check: {n}" },
  no_hub_key: { zh: "本闸机未装中心公钥,请用纸质登记", en: "No key of the hub here: write it on paper" },
  held: { zh: "已记下,存储恢复后写入", en: "Noted; written when storage is back" },
  pick_manual_pass: { zh: "人工放行:按住原因 1 秒", en: "Manual pass: hold a reason for 1 s" },
  pick_refuse: { zh: "拒绝:按住原因 1 秒", en: "Refuse: hold a reason for 1 s" },
  pick_clinical: { zh: "输入临床体温计数值", en: "Clinical thermometer, °C" },
  range: { zh: "34.0 – 42.9 ℃", en: "34.0 – 42.9 °C" },
  out_of_range: { zh: "只能是 34.0 – 42.9 ℃", en: "Only 34.0 – 42.9 °C" },
  medical: { zh: "就医或配药", en: "Medical" },
  rescue: { zh: "抢险救援", en: "Rescue" },
  caring: { zh: "照护老幼", en: "Caring" },
  clinical_normal: { zh: "医用体温正常", en: "Clinical value normal" },
  equipment_fault: { zh: "设备故障", en: "Equipment fault" },
  station: { zh: "社区同意", en: "Station approved" },
  known: { zh: "本人熟识", en: "Known person" },
  escort: { zh: "专人陪同", en: "Escorted" },
  other: { zh: "其他", en: "Other" },
  unknown_person: { zh: "身份不明", en: "Unknown person" },
  behaviour: { zh: "行为异常", en: "Behaviour" },
  document: { zh: "证件有疑", en: "Document doubtful" },
  cancel: { zh: "取消", en: "Cancel" },
  confirm: { zh: "确定", en: "Confirm" },
  close: { zh: "关闭", en: "Close" },
  codes: { zh: "原因代码", en: "Reason codes" },
  health: { zh: "设备状态", en: "Health of the gate" },
  earlier: { zh: "最近通过", en: "Last passages" },
  sent: { zh: "已提交", en: "Done" },
  visit_over: { zh: "此人已离开,未执行", en: "That visit is over; nothing done" },
  not_offered: { zh: "当前不能这样操作", en: "Not possible now" },
  busy: { zh: "闸机忙,请再按一次", en: "The gate is busy, press again" },
  not_sent: { zh: "未送达闸机,请再按一次", en: "Did not reach the gate, press again" },
};

let language = document.documentElement.dataset.language === "en" ? "en" : "zh";

/** The language being shown, "zh" or "en". */
export function shown() {
  return language;
}

/** Show `next` from now on; the document's lang picks the right Chinese glyphs. */
export function show(next) {
  language = next === "en" ? "en" : "zh";
  document.documentElement.lang = language === "en" ? "en" : "zh-Hans";
  document.documentElement.dataset.language = language;
}

/** A {zh, en} value in the language being shown, the other one if that is empty. */
export function first(text) {
  if (!text) return "";
  return text[language] || text.zh || text.en || "";
}

/** The same value in the other language, or "" when it would say nothing new. */
export function second(text) {
  if (!text) return "";
  const other = language === "en" ? text.zh : text.en;
  return other && other !== first(text) ? other : "";
}

/** A word of the page in the language being shown, with {n} filled in. */
export function say(key, n) {
  return first(TEXTS[key]).replace("{n}", String(n));
}
