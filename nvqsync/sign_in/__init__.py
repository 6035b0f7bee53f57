"""Who somebody is: accounts, passwords, sessions, the college's single sign-on."""
