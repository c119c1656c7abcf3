# title: the injector's webhook does not answer: nothing is begun
run() {
  change west "$SYSTEM/services/istiod-asm-1246-9" '{"spec": {"selector": {"app": "nobody"}}}'
  mark_audit
  apply_fails
  says 'webhook'
  writes
}
