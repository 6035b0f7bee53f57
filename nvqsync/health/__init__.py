"""How things are, for those who look after it: the doctor, monitors, alerts, the digest, the support bundle."""
