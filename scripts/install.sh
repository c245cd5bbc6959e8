#!/usr/bin/env bash
# Installs the agent on Debian or Ubuntu, x86-64 or arm64, as the service `cityeye`. From an unpacked bundle without any
# network, or from a checkout with one. Run again, it upgrades: a release that does not get well is taken back by itself.
#
#   install.sh [--config FILE] [--no-systemd]    install or upgrade; FILE becomes the configuration if the site has none
#   install.sh --rollback [--no-systemd]         back to the release before
#   install.sh --uninstall [--purge]             remove the agent; --purge: configuration, secrets, data and user, too
#   install.sh --settle                          undo a change of releases that was cut off (done at each boot, too)
#
# --no-systemd: no service, nothing is started (a chroot, an image). docs/install.md says where everything lies.
# shellcheck disable=SC2016 # scripts for the agent's shell, to be expanded there
set -euo pipefail
umask 022

readonly APP=/opt/cityeye SETTINGS=/etc/cityeye SECRETS=/etc/credstore/cityeye DATA=/var/lib/cityeye
readonly UNITS=/etc/systemd/system
readonly UNIT=$UNITS/cityeye.service SETTLE_UNIT=$UNITS/cityeye-settle.service COMMAND=/usr/local/bin/cityeye
readonly CONFIG=$SETTINGS/config.yaml LOCK=/run/cityeye-install.lock
readonly CHANGE=$APP/changing # of a change of releases that is not done: what was before it, for after a power cut
readonly PACKED='from agent.config.catalogue import packed_folder; print(packed_folder())'
readonly ROOM_MB=1200 DATA_SPARE_MB=100 WELL_S=${CITYEYE_WELL_S:-120}
HERE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
readonly HERE

action=install systemd=yes purge=no first_config='' configured=no undone=no
bundle=$HERE scratch='' unfinished='' # what the release comes from; folders that go at the end
going=no former='' earlier='' ran=no kept=no # of a change of releases that is not done: what was before it

say() { printf '%s\n' "$*"; }

fail() { # WHERE EXPECTED FOUND MEND
  printf 'install.sh: %s: expected %s, found %s; %s\n' "$@" >&2
  exit 1
}

end_by_signals() { # by way of at_exit
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM
}

at_exit() { # however it ends: no box is left without the agent that ran on it, nor with one that was not seen well
  trap '' HUP INT TERM PIPE
  set +e # no step waits for another's success
  [ -z "$scratch" ] || rm -rf "$scratch"
  [ -z "$unfinished" ] || rm -rf "$unfinished"
  [ "$going" = yes ] || return 0
  go_back
  say "install.sh: not finished; $former is active again" >&2
}

# ---------------------------------------------------------------------------------------------------- what is there

options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --config) [ $# -gt 1 ] || fail --config "a file" "nothing" "name it: --config FILE"
                first_config=$(realpath -m "$2"); shift ;;
      --rollback) action=rollback ;;
      --uninstall) action=uninstall ;;
      --settle) action=settle ;;
      --purge) purge=yes ;;
      --no-systemd) systemd=no ;;
      -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$HERE/install.sh"; exit 0 ;;
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
  unfinished=$place
  rm -rf "$place"
  "$interpreter" -m venv --without-pip "$place"
  pip=$(echo "$bundle"/wheels/pip-*.whl)
  "$place/bin/python" "$pip/pip" --isolated --quiet --disable-pip-version-check install --no-cache-dir --no-index \
    --find-links "$bundle/wheels" --root-user-action=ignore "city-eye-agent==$(facts version)"
  cp "$bundle"/{install.sh,cityeye,cityeye.service,cityeye-settle.service,manifest.json,SHA256SUMS} "$place/"
  chmod 0755 "$place/install.sh" "$place/cityeye"
  # Within the release, where the agent looks first: going back to it finds the models it was made with.
  for model in "$bundle"/models/*.onnx; do
    [ ! -f "$model" ] || install -m 0644 -t "$("$place/bin/python" -I -c "$PACKED")" "$model"
  done
  # Everything that is written in C is loaded once, by the user who will run it: it must fit this machine.
  as_agent "$place/bin/python" -I -c 'import agent.app.run' ||
    fail "$place" "an agent that this machine can load" "the error above" "nothing was changed; report it"
  sync --file-system "$APP" # or a power cut could leave empty files below the mark that says that all is there
  touch "$place/complete"
  unfinished=''
}

put_models() { # for configurations that name a model by its file; what is there is the site's, and stays
  local model name
  for model in "$bundle"/models/*.onnx; do
    name=$DATA/models/$(basename "$model")
    [ ! -f "$model" ] || as_agent test -e "$name" || put "$model" "$name" 0640
  done
}

is_config() { # FILE: is the configuration the same as this?
  [ -f "$1" ] && as_agent cmp -s "$CONFIG" - <"$1"
}

is_placeholder() { # is the configuration still the one that was put where there was none?
  is_config "$APP/config.yaml" || is_config "$bundle/config.yaml"
}

may_put_config() {
  [ -z "$first_config" ] || [ ! -e "$CONFIG" ] || is_config "$first_config" || is_placeholder ||
    fail --config "no configuration, or the placeholder" "$CONFIG of this site's own" \
      "leave --config out, and change that file; nothing was changed"
}

put_config() {
  if [ -n "$first_config" ]; then
    is_config "$first_config" || { put "$first_config" "$CONFIG" 0640; configured=yes; }
  elif [ ! -e "$CONFIG" ]; then
    put "$bundle/config.yaml" "$CONFIG" 0640
    replace "$bundle/config.yaml" "$APP/config.yaml" 0644 # to be known as the placeholder by other releases
  fi
}

# ------------------------------------------------------------------------------------------------ changing releases

lead_to() { # LINK RELEASE, in one step: there is no moment without
  ln -sfn "releases/$2" "$APP/.$1" &&
    mv -T "$APP/.$1" "$APP/$1"
}

replace() { # SOURCE TARGET MODE, in one step, too
  install -m "$3" "$1" "$2.new" &&
    mv -T "$2.new" "$2"
}

activate() { # RELEASE: its command, its units, and at last itself
  replace "$APP/releases/$1/cityeye" "$COMMAND" 0755
  if [ "$systemd" = yes ]; then
    replace "$APP/releases/$1/cityeye.service" "$UNIT" 0644
    replace "$APP/releases/$1/cityeye-settle.service" "$SETTLE_UNIT" 0644
    systemctl enable --quiet cityeye-settle
    systemctl daemon-reload
  fi
  lead_to current "$1"
}

runs() {
  [ "$systemd" = yes ] || return 1
  case $(systemctl show -P ActiveState cityeye) in active | activating | reloading | refreshing) ;; *) return 1 ;; esac
}

stop() {
  [ "$systemd" = yes ] || return 0
  # Of a boot: nothing runs yet, and the start that waits for this must not be cancelled.
  if [ "$action" != settle ] || runs; then systemctl stop cityeye 2>/dev/null || true; fi
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
    case $state in failed | auto-restart*) return 1 ;; esac
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
  if [ "$systemd" = yes ]; then get_well; return; fi
  "$COMMAND" version >/dev/null && { is_placeholder || "$COMMAND" check "$CONFIG"; }
}

last_words() {
  [ "$systemd" = no ] || journalctl --unit cityeye --no-pager --output cat --lines 15 2>/dev/null | sed 's/^/  | /' >&2
}

reads_data() { # RELEASE: can it read the database as it is? Not when there is no telling
  local python=$APP/releases/$1/bin/python known there
  as_agent test -e "$DATA/cityeye.db" || return 0
  known=$("$python" -I -c 'from agent.adapters.sqlite.migrations import MIGRATIONS; print(len(MIGRATIONS))') || return 1
  there=$(as_agent "$python" -I -c 'import sqlite3, sys
print(sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True).execute("PRAGMA user_version").fetchone()[0])
' "$DATA/cityeye.db") || return 1
  [[ $known =~ ^[0-9]+$ && $there =~ ^[0-9]+$ ]] && [ "$there" -le "$known" ]
}

room_for_data() { # for a copy of the database, and some in which the agent goes on writing
  local needed free
  needed=$(as_agent sh -c 'cd "$1" && du -cm --apparent-size cityeye.db* 2>/dev/null | tail -1 | cut -f1' room "$DATA")
  free=$(as_agent df --output=avail -m "$DATA" | tail -1)
  needed=$((needed + DATA_SPARE_MB))
  [ "$free" -ge "$needed" ] ||
    fail "$DATA" "$needed MB of room, for a copy of the database" "$((free)) MB" "make room; nothing was changed"
}

keep_data() { # of before an upgrade, for a release that cannot read what the next one makes of it
  kept=no
  as_agent sh -c 'cd "$1" && rm -rf before-upgrade.new && mkdir before-upgrade.new && { [ ! -f cityeye.db ] ||
    cp -p cityeye.db* before-upgrade.new/; }' keep "$DATA" ||
    fail "$DATA" "a copy of the database" "the error above" "mend what it names; $former is active, as before"
  kept=yes
}

note_change() { # for after a power cut, or whatever else ends this without a word
  printf '%s\n' "$former" "$earlier" "$ran" "$kept" >"$CHANGE.new" &&
    sync "$CHANGE.new" && mv -T "$CHANGE.new" "$CHANGE" && sync "$APP"
}

change_is_done() {
  going=no
  rm -f "$CHANGE" && sync "$APP"
}

has_lived_on() { # has a release that was not seen well worked for so long that going back would lose more than it saves?
  local since
  since=$(($(stat -c %Y "$CHANGE") + 2 * WELL_S))
  [ "$kept" = yes ] && ! reads_data "$former" &&
    as_agent find "$DATA" -maxdepth 1 -name 'cityeye.db*' -newermt "@$since" | grep -q .
}

settle_change() { # one that was cut off: all is as before it. Of one that was done, the copy of the data is left to settle
  if [ -f "$CHANGE" ]; then
    { read -r former && read -r earlier && read -r ran && read -r kept; } <"$CHANGE" ||
      fail "$CHANGE" "what was before the change" "another file" "remove it; $(linked current) is active"
    if has_lived_on; then
      say "a change from $former was cut off; $(linked current) stays, $former cannot read what came since" >&2
      lead_to previous "$former"
      change_is_done
      settle_data
      return
    fi
    say "a change from $former was cut off: it is undone" >&2
    undone=yes
    go_back
    say "$former is active again" >&2
  elif as_agent test -e "$DATA/before-upgrade.new"; then
    settle_data
  fi
}

settle_data() { # the copy is of use for a rollback; that of the upgrade before is of none any more
  as_agent sh -c 'cd "$1" && rm -rf before-upgrade && mv -T before-upgrade.new before-upgrade' settle "$DATA"
}

put_data_back() { # by renaming: that takes no room, and there is no moment without a database
  say "the database is put back to what it was before the upgrade: $former cannot read the new one" >&2
  as_agent sh -c 'cd "$1" && rm -f cityeye.db-* && if [ -f before-upgrade.new/cityeye.db ]
    then mv -f before-upgrade.new/cityeye.db* .; else rm -f cityeye.db; fi' back "$DATA"
}

go_back() { # to all that was before the change began, wherever it has come to
  local lost=no
  trap '' HUP INT TERM PIPE # the way back is gone to its end
  stop
  if [ "$kept" = yes ] && ! reads_data "$former"; then put_data_back || lost=yes; fi
  [ "$lost" = yes ] || as_agent rm -rf "$DATA/before-upgrade.new"
  activate "$former"
  if [ -n "$earlier" ]; then lead_to previous "$earlier"; else rm -f "$APP/previous"; fi
  [ "$ran" = no ] || systemctl --no-block start cityeye
  change_is_done
  prune
}

change_to() { # RELEASE HOW: from the one that is active; it stays only if it gets well
  former=$(linked current) earlier=$(linked previous)
  ran=no kept=no
  if runs; then ran=yes; fi
  going=yes
  note_change
  stop
  if [ "$2" = upgraded ]; then keep_data; note_change; fi
  activate "$1"
  lead_to previous "$former"
  if [ "$systemd" = no ] || [ "$ran" = yes ] || [ "$configured" = yes ]; then
    say "waiting until $1 is well"
    works || give_up "$1"
  fi
  change_is_done
  [ "$kept" = no ] || settle_data
  say "$2 from $former to $1"
  if [ "$systemd" = yes ] && ! runs; then
    say "the service was not running and is not started: systemctl start cityeye"
  fi
}

give_up() { # RELEASE, which did not get well
  local after="$former is active again"
  last_words
  go_back
  end_by_signals
  if [ "$ran" = yes ]; then
    if get_well; then after="$former runs again"; else after="$former was started again and is not well either"; fi
  fi
  fail "$1" "an agent that gets well within $WELL_S s" "the lines above" "$after; report them"
}

install_here() { # where no other release is active: for the first time, or once more after whatever came between
  local again=$1
  put_config
  if [ "$systemd" = yes ]; then
    replace "$APP/releases/$release/cityeye.service" "$UNIT" 0644
    systemctl enable --quiet cityeye # before the release is active: an active one comes back after a power cut
  fi
  activate "$release"
  if [ "$again" = yes ] && [ "$configured" = no ]; then
    say "$release is installed already"
    [ "$systemd" = no ] || runs || say "the service is not running: ${SUDO_USER:+sudo }systemctl start cityeye"
  elif [ "$systemd" = no ]; then
    say "installed $release; start it as the user cityeye: cityeye run --config $CONFIG"
  elif is_placeholder; then
    local as=${SUDO_USER:+sudo } # these commands take the rights that this one was given
    say "installed $release. Next: edit $CONFIG (or: ${as}cityeye init $CONFIG --force), put secrets into $SECRETS, then"
    say "  ${as}cityeye check $CONFIG && ${as}cityeye doctor --config $CONFIG && ${as}systemctl start cityeye"
  elif say "waiting until $release is well" && get_well; then
    say "installed $release, and it runs"
  else
    last_words
    fail "$release" "an agent that gets well within $WELL_S s" "the lines above" \
      "mend what they name; systemd goes on starting it"
  fi
}

install_or_upgrade() {
  local active
  find_bundle
  make_places
  may_put_config
  active=$(linked current)
  [ -z "$active" ] || [ "$active" = "$release" ] || room_for_data
  build_release
  put_models
  if [ -z "$active" ]; then
    install_here no
  elif [ "$active" = "$release" ]; then
    install_here yes
  else
    put_config
    change_to "$release" upgraded
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
  local latest target
  target=$(linked previous) latest=$(linked current)
  if [ -z "$target" ] || [ ! -f "$APP/releases/$target/complete" ]; then
    fail "$APP/previous" "the release before" "none" "install the bundle of that release instead"
  fi
  reads_data "$target" ||
    fail "$DATA/cityeye.db" "a database that $target can read" "one that $latest changed, or that nobody can" \
      "stay with $latest; or, losing what came since, put $DATA/before-upgrade/cityeye.db* in its place"
  change_to "$target" "rolled back"
}

uninstall() {
  if [ "$systemd" = yes ]; then
    systemctl disable --now --quiet cityeye 2>/dev/null || true
    systemctl disable --quiet cityeye-settle 2>/dev/null || true
    rm -f "$UNIT" "$SETTLE_UNIT"
    systemctl daemon-reload
  fi
  if id cityeye >/dev/null 2>&1 && is_placeholder; then as_agent rm -f "$CONFIG"; fi # nothing of the site's; another release may have another one
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
  end_by_signals
  cd /
  if [ "$action" != uninstall ] && id cityeye >/dev/null 2>&1; then settle_change; fi
  case $action in
    install) install_or_upgrade ;;
    rollback) [ "$undone" = yes ] || roll_back ;; # from one that was cut off: that is where one wants to be
    uninstall) uninstall ;;
    settle) ;;
  esac
}

main "$@"
