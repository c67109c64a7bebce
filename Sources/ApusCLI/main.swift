import ApusCommand

ApusCommand.main()
