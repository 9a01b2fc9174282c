/**
 * A shell script that runs its arguments as its child and stops it when standard input ends: the gateway holds the other
 * end of that pipe, so it ends when the gateway stops the server and also when the gateway is killed.
 *
 * SIGINT is PostgreSQL's fast shutdown. If that takes over 8 s, SIGQUIT ends it at once (and the next start recovers).
 */
export const GUARDIAN = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
trap '' INT TERM HUP
(
  while read -r _; do :; done
  kill -INT $server 2>/dev/null
  tries=40
  while [ $tries -gt 0 ]; do
    sleep 0.2
    kill -0 $server 2>/dev/null || exit 0
    tries=$((tries - 1))
  done
  kill -QUIT $server 2>/dev/null
) <&3 &
watcher=$!
wait $server
status=$?
kill -KILL $watcher 2>/dev/null
exit $status
`;
