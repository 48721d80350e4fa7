"""Who works where and when: regions, teams, their hours and absences, holidays, and the weather."""
