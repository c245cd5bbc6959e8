# Sourced by the other scripts: makes .venv in the checkout when needed and activates it.
# CITYEYE_EXTRAS names the extras to install (default: dev). Installs again only when setup.py changed.
PYTHON="${PYTHON:-python3}"
extras="${CITYEYE_EXTRAS:-dev}"
if [ ! -x .venv/bin/python ]; then
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
  "$PYTHON" -m venv .venv ||
    { echo "python3-venv is needed (Debian: apt-get install python3-venv)" >&2; exit 1; }
fi
source .venv/bin/activate
stamp=".venv/installed-$(echo "$extras" | tr ', ' '--')-$(cksum setup.py | cut -d' ' -f1)"
if [ ! -e "$stamp" ]; then
  echo "installing the agent and its packages into .venv ($extras)"
  PYTHONWARNINGS=ignore pip install --quiet --disable-pip-version-check --no-warn-script-location -e ".[$extras]"
  touch "$stamp"
fi
