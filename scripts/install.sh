#!/usr/bin/env bash
# Installs the agent on Debian or Ubuntu, x86-64 or arm64, as the service `cityeye`. From an unpacked bundle without any
# network, or from a checkout with one. Run again, it upgrades: a release that does not get well is taken back by itself.
#
#   install.sh [--config FILE] [--no-systemd]    install or upgrade; FILE becomes the configuration if there is none
#   install.sh --rollback [--no-systemd]         back to the release before
#   install.sh --uninstall [--purge]             remove the agent; --purge: configuration, secrets, data and user, too
#
# --no-systemd: no service, nothing is started (a chroot, an image). docs/install.md says where everything lies.
# shellcheck disable=SC2016 # scripts for the agent's shell, to be expanded there
set -euo pipefail
umask 022

readonly APP=/opt/cityeye SETTINGS=/etc/cityeye SECRETS=/etc/credstore/cityeye DATA=/var/lib/cityeye
readonly UNIT=/etc/systemd/system/cityeye.service COMMAND=/usr/local/bin/cityeye
readonly CONFIG=$SETTINGS/config.yaml LOCK=/run/cityeye-install.lock
readonly PACKED='from agent.config.catalogue import packed_folder; print(packed_folder())'
readonly ROOM_MB=1200 WELL_S=${CITYEYE_WELL_S:-120}
HERE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
readonly HERE

action=install systemd=yes purge=no first_config='' scratch='' start_again=no

say() { printf '%s\n' "$*"; }

fail() { # WHERE EXPECTED FOUND MEND
  printf 'install.sh: %s: expected %s, found %s; %s\n' "$@" >&2
  exit 1
}

at_exit() { # however it ends: no box is left without the agent that ran on it
  [ -z "$scratch" ] || rm -rf "$scratch"
  [ "$start_again" = no ] || systemctl --no-block start cityeye
}

# ---------------------------------------------------------------------------------------------------- what is there

options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --config) [ $# -gt 1 ] || fail --config "a file" "nothing" "name it: --config FILE"
                first_config=$(realpath -m "$2"); shift ;;
      --rollback) action=rollback ;;
      --uninstall) action=uninstall ;;
      --purge) purge=yes ;;
      --no-systemd) systemd=no ;;
      -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$HERE/install.sh"; exit 0 ;;
      *) fail "$1" "an option of install.sh" "another word" "see install.sh --help" ;;
    esac
    shift
  done
  [ "$purge" = no ] || [ "$action" = uninstall ] || fail --purge "--uninstall beside it" "$action" "add --uninstall"
  if [ -n "$first_config" ] && [ ! -f "$first_config" ]; then
    fail --config "a file" "no $first_config" "correct the path"
  fi
}

ready_to_begin() {
  [ "$(id -u)" -eq 0 ] || fail "user" root "$(id -un)" "run it with sudo"
  exec 9>"$LOCK"
  flock --nonblock 9 || fail "$LOCK" "no other installation" "one that runs" "wait for its end"
  if [ "$systemd" = yes ] && [ ! -d /run/systemd/system ]; then
    fail "service manager" systemd "$(cat /proc/1/comm)" "use --no-systemd, and start the agent by your own means"
  fi
}

python() { # the first one that the service's user may run, and for which there are packages
  local candidate
  for candidate in ${PYTHON:-/usr/bin/python3 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11}; do
    if "$candidate" -c 'import sys, venv; sys.exit("%d.%d" % sys.version_info[:2] not in sys.argv[1:])' "$@" 2>/dev/null
    then say "$candidate"; return; fi
  done
  fail "${PYTHON:-/usr/bin/python3}" "Python $(tr ' ' '/' <<<"$*")" "$(/usr/bin/python3 -V 2>/dev/null || echo none)" \
    "apt-get install python3, or python3.11 where the system's is older; or make a bundle for this one"
}

facts() { # of the bundle: KEY
  sed -n "s/^ \"$1\": \"\(.*\)\",\$/\1/p" "$bundle/manifest.json"
}

pythons() {
  sed -n '/^ "pythons": \[/,/\]/s/.*"\(3\.[0-9]*\)".*/\1/p' "$bundle/manifest.json"
}

linked() { # NAME of a link: the release it leads to, or nothing
  if [ -L "$APP/$1" ]; then basename "$(readlink "$APP/$1")"; fi
}

as_agent() { setpriv --reuid=cityeye --regid=cityeye --init-groups --no-new-privs -- env HOME="$DATA" "$@"; }

put() { # SOURCE TARGET MODE: as the agent's user, since root must not follow what lies in folders of the agent
  as_agent sh -c 'cat >"$1.new" && chmod "$2" "$1.new" && mv -T "$1.new" "$1"' put "$2" "$3" <"$1"
}

# ------------------------------------------------------------------------------------------------------- installing

find_bundle() {
  bundle=$HERE
  if [ ! -f "$HERE/SHA256SUMS" ]; then
    [ -f "$HERE/make_bundle.py" ] || fail "$HERE" "a bundle or a checkout" "neither" "unpack the bundle again"
    scratch=$(mktemp -d /tmp/cityeye-install.XXXXXX)
    bundle=$scratch/bundle
    local found
    found=$(python 3.11 3.12 3.13 3.14)
    "$found" -m venv "$scratch/pip" >/dev/null ||
      fail "$found -m venv" "python3-venv, to build from a checkout" "none" "apt-get install python3-venv"
    say "fetching the packages of this checkout"
    "$scratch/pip/bin/python" "$HERE/make_bundle.py" --folder "$bundle" --models '' \
      --python "$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" >/dev/null
  fi
  local damage
  damage=$(cd "$bundle" && sha256sum --quiet --check SHA256SUMS 2>&1) ||
    fail "$bundle/SHA256SUMS" "every file as it was made" "$(head -3 <<<"$damage" | tr '\n' ' ')" "copy the bundle again"
  [ "$(facts arch)" = "$(uname -m)" ] ||
    fail "$bundle" "a bundle for $(uname -m)" "one for $(facts arch)" "make_bundle.py --arch $(uname -m)"
  release=$(facts release)
}

make_places() {
  if ! id cityeye >/dev/null 2>&1; then
    useradd --system --user-group --home-dir "$DATA" --no-create-home --shell /usr/sbin/nologin cityeye
  fi
  install -d -m 0755 "$APP" "$APP/releases" /usr/local/bin
  install -d -m 0750 -o cityeye -g cityeye "$SETTINGS" "$DATA"
  # Not below $SETTINGS: who can rename the folder could make systemd read other files of root.
  install -d -m 0700 /etc/credstore "$SECRETS"
  as_agent mkdir -p "$DATA/models"
  # A configuration that does not say where data and models lie means these, beside it.
  [ -e "$SETTINGS/data" ] || as_agent ln -s "$DATA" "$SETTINGS/data"
  [ -e "$SETTINGS/models" ] || as_agent ln -s "$DATA/models" "$SETTINGS/models"
}

build_release() {
  local place=$APP/releases/$release interpreter free_mb pip model
  [ ! -f "$place/complete" ] || return 0
  # shellcheck disable=SC2046 # one word for each Python
  interpreter=$(python $(pythons))
  free_mb=$(df --output=avail -m "$APP" | tail -1)
  [ "$free_mb" -ge "$ROOM_MB" ] || fail "$APP" "$ROOM_MB MB of room" "$((free_mb)) MB" "make room"
  say "building $release"
  rm -rf "$place"
  "$interpreter" -m venv --without-pip "$place"
  pip=$(echo "$bundle"/wheels/pip-*.whl)
  "$place/bin/python" "$pip/pip" --isolated --quiet --disable-pip-version-check install --no-cache-dir --no-index \
    --find-links "$bundle/wheels" --root-user-action=ignore "city-eye-agent==$(facts version)"
  cp "$bundle"/{install.sh,cityeye,cityeye.service,manifest.json,SHA256SUMS} "$place/"
  chmod 0755 "$place/install.sh" "$place/cityeye"
  # Within the release, where the agent looks first: going back to it finds the models it was made with.
  for model in "$bundle"/models/*.onnx; do
    [ ! -f "$model" ] || install -m 0644 -t "$("$place/bin/python" -I -c "$PACKED")" "$model"
  done
  # Everything that is written in C is loaded once, by the user who will run it: it must fit this machine.
  as_agent "$place/bin/python" -I -c 'import agent.app.run' ||
    fail "$place" "an agent that this machine can load" "the error above" "nothing was changed; report it"
  touch "$place/complete"
}

put_models() { # for configurations that name a model by its file; what is there is the site's, and stays
  local model name
  for model in "$bundle"/models/*.onnx; do
    name=$DATA/models/$(basename "$model")
    [ ! -f "$model" ] || as_agent test -e "$name" || put "$model" "$name" 0640
  done
}

put_config() {
  [ ! -e "$CONFIG" ] || return 0
  put "${first_config:-$bundle/config.yaml}" "$CONFIG" 0640
}

# ------------------------------------------------------------------------------------------------ changing releases

lead_to() { # LINK RELEASE, in one step: there is no moment without
  ln -sfn "releases/$2" "$APP/.$1"
  mv -T "$APP/.$1" "$APP/$1"
}

activate() { # RELEASE
  lead_to current "$1"
  install -m 0755 "$APP/current/cityeye" "$COMMAND.new" && mv -T "$COMMAND.new" "$COMMAND"
  [ "$systemd" = yes ] || return 0
  install -m 0644 "$APP/current/cityeye.service" "$UNIT"
  systemctl daemon-reload
}

stop() {
  [ "$systemd" = yes ] || return 0
  systemctl stop cityeye 2>/dev/null || true
  as_agent rm -f "$DATA/alive.json" # of an agent that did not stop by itself
}

get_well() { # start, and wait until the agent says of itself that it runs well, three times with one process
  local well=0 last='' pid state
  systemctl reset-failed cityeye 2>/dev/null || true
  systemctl --no-block start cityeye
  local end=$((SECONDS + WELL_S))
  while [ "$SECONDS" -lt "$end" ]; do
    sleep 1
    state=$(systemctl show -P SubState cityeye) pid=$(systemctl show -P MainPID cityeye)
    case $state in failed | auto-restart) return 1 ;; esac
    if [ "$state" = running ] && [ "$pid" = "$last" ] && "$COMMAND" alive --config "$CONFIG" >/dev/null 2>&1; then
      well=$((well + 1))
      [ "$well" -lt 3 ] || return 0
    else
      well=0
    fi
    last=$pid
  done
  return 1
}

works() { # is the release that is active now good? Without systemd: it starts, and takes the configuration
  if [ "$systemd" = yes ]; then get_well; else "$COMMAND" version >/dev/null && "$COMMAND" check "$CONFIG"; fi
}

last_words() {
  [ "$systemd" = no ] || journalctl --unit cityeye --no-pager --output cat --lines 15 2>/dev/null | sed 's/^/  | /' >&2
}

schema_of_data() { # the database's, 0 when there is none
  as_agent "$APP/current/bin/python" -I -c 'import sqlite3, sys
try: print(sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True).execute("PRAGMA user_version").fetchone()[0])
except sqlite3.Error: print(0)' "$DATA/cityeye.db"
}

schema_known_to() { # RELEASE
  "$APP/releases/$1/bin/python" -I -c 'from agent.adapters.sqlite.migrations import MIGRATIONS; print(len(MIGRATIONS))'
}

keep_data() { # of before an upgrade, for a release that cannot read what the next one makes of it
  as_agent sh -c 'cd "$1" && rm -rf before-upgrade && mkdir before-upgrade && [ ! -f cityeye.db ] ||
    cp -p cityeye.db* before-upgrade/' keep "$DATA"
}

take_back() { # RELEASE: after an upgrade that failed
  stop
  if [ "$(schema_of_data)" -gt "$(schema_known_to "$1")" ]; then
    say "the database is put back to what it was before the upgrade: $1 cannot read the new one" >&2
    as_agent sh -c 'cd "$1" && rm -f cityeye.db* && cp -p before-upgrade/cityeye.db* .' back "$DATA"
  fi
  activate "$1"
}

upgrade() { # from the release `former`, whose service runs or not
  local former=$1 ran=no earlier
  if [ "$systemd" = yes ] && [ "$(systemctl show -P ActiveState cityeye)" != inactive ]; then ran=yes start_again=yes; fi
  stop
  keep_data || fail "$DATA" "room for a copy of the database" "the error above" "make room; nothing was changed"
  earlier=$(linked previous)
  lead_to previous "$former"
  activate "$release"
  if [ "$systemd" = yes ] && [ "$ran" = no ]; then
    say "$release is installed; the service was not running and is not started: systemctl start cityeye"
    return
  fi
  say "waiting until $release is well"
  if works; then
    start_again=no
    say "upgraded from $former to $release"
    return
  fi
  last_words
  take_back "$former"
  if [ -n "$earlier" ]; then lead_to previous "$earlier"; else rm -f "$APP/previous"; fi
  local after="$former is installed again"
  if [ "$systemd" = yes ]; then
    if get_well; then after="$former runs again"; else after="$former was started again and is not well either"; fi
  fi
  rm -rf "${APP:?}/releases/$release"
  fail "$release" "an agent that gets well within $WELL_S s" "the lines above" "$after; report them"
}

install_first() {
  local theirs=no
  if [ -e "$CONFIG" ] || [ -n "$first_config" ]; then theirs=yes; fi
  put_config
  activate "$release"
  if [ "$systemd" = no ]; then
    say "installed $release; start it as the user cityeye: cityeye run --config $CONFIG"
    return
  fi
  systemctl enable --quiet cityeye
  if [ "$theirs" = no ]; then
    say "installed $release. Next: edit $CONFIG (or: cityeye init $CONFIG --force), put secrets into $SECRETS, then"
    say "  cityeye check $CONFIG && cityeye doctor --config $CONFIG && systemctl start cityeye"
  elif say "waiting until $release is well" && get_well; then
    say "installed $release, and it runs"
  else
    last_words
    fail "$release" "an agent that gets well within $WELL_S s" "the lines above" \
      "mend what they name; systemd goes on starting it"
  fi
}

install_or_upgrade() {
  find_bundle
  make_places
  build_release
  put_models
  local former
  former=$(linked current)
  if [ -z "$former" ]; then
    install_first
  elif [ "$former" = "$release" ]; then
    put_config
    activate "$release"
    say "$release is installed already"
  else
    put_config
    upgrade "$former"
  fi
  prune
}

prune() { # all but two releases
  local place name
  for place in "$APP"/releases/*; do
    name=$(basename "$place")
    [ "$name" = "$(linked current)" ] || [ "$name" = "$(linked previous)" ] || rm -rf "$place"
  done
}

# ---------------------------------------------------------------------------------------------- back, and away again

roll_back() {
  local former latest
  former=$(linked previous) latest=$(linked current)
  if [ -z "$former" ] || [ ! -f "$APP/releases/$former/complete" ]; then
    fail "$APP/previous" "the release before" "none" "install the bundle of that release instead"
  fi
  if [ "$(schema_of_data)" -gt "$(schema_known_to "$former")" ]; then
    fail "$DATA/cityeye.db" "a database that $former can read" "one that $latest changed" \
      "stay with $latest; or, losing what came since, put $DATA/before-upgrade/cityeye.db* in its place"
  fi
  stop
  activate "$former"
  lead_to previous "$latest"
  if ! works; then
    last_words
    fail "$former" "an agent that gets well within $WELL_S s" "the lines above" "install.sh --rollback leads to $latest"
  fi
  say "rolled back from $latest to $former"
}

uninstall() {
  if [ "$systemd" = yes ]; then
    systemctl disable --now --quiet cityeye 2>/dev/null || true
    rm -f "$UNIT"
    systemctl daemon-reload
  fi
  rm -rf "$APP" "$COMMAND"
  if [ "$purge" = yes ]; then
    rm -rf "$SETTINGS" "$SECRETS" "$DATA" "$UNIT.d"
    ! id cityeye >/dev/null 2>&1 || userdel cityeye
    say "removed the agent with configuration, secrets and data"
  else
    say "removed the agent; kept: $SETTINGS, $SECRETS, $DATA and the user cityeye (--purge removes them)"
  fi
}

main() {
  options "$@"
  ready_to_begin
  trap at_exit EXIT
  cd /
  case $action in
    install) install_or_upgrade ;;
    rollback) roll_back ;;
    uninstall) uninstall ;;
  esac
}

main "$@"
